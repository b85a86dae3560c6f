"""What outlives a call, on SQLite: the ports are the gateway's, `database.py` is the file and its thread."""
