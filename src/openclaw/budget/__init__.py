"""Who pays: limits over scopes and windows, reservations, leases, and the port of the ledger that remembers.

    limits.py     what may be spent: a limit is an amount of one metric, for one kind of scope, in a window
    windows.py    which past spending counts now
    ledger.py     the port: entries (what was spent), accounts, leases; `openclaw.store` implements it
    slices.py     how much of what is left one node may borrow
    book.py       a node's borrowed slices in memory: reserve, settle, give back
    bounds.py     the most that a call can cost
    runs.py       which run a call belongs to
    loops.py      the same tool call with the same result, again and again

The invariant, for every account and at every instant: settled in the window + lent to nodes <= limit; and on every
node: reserved <= its slice. A node settles out of its slice, so both sums stay what they were.
Pure rules, but for `ledger.py`'s port, which waits. Money is integer nano-dollars.
"""
