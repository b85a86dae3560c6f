"""The admin API: for those who run the gateway, on a listener and with a token of its own.

app.py        the token, the way to a page, errors
asked.py      what a page is asked, and what it may use
keys.py       caller keys: list, make, rotate, revoke
runs.py       runs: list, look at, stop, resume
spend.py      spending by any scope, over time
accounts.py   what limits have left, and more of it
calls.py      the attempts of one call
documents.py  how each of these is said in JSON
"""
