"""What is on disk: the one database, a file a table."""
