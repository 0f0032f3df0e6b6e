"""Each module reads one kind of file; `table.py` lists them, `contract.py` says what all of them give back."""
