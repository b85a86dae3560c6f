"""What outlives a call, on SQLite or PostgreSQL: the ports are the gateway's and the budget's; `flow.py` is what both
databases have in common, `database.py` and `postgres.py` are the two, `journal.py` is a file beside them."""
