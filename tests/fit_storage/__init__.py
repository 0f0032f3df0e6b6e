"""The Fit API's store, without HTTP: the same tests on SQLite and on PostgreSQL."""
