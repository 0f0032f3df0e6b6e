"""Tables, without any reading or writing. Who reads and writes them is `storage/`."""
