"""The clients people use, and how each is pointed at the gateway.

`client.py` says what a client is; the files of data are by kind of client; `registry.py` finds one by its name.
`lines.py` fills in an address, a model and a key. A client's own file is edited as text: `edit.py` finds what changes,
`nested_text.py` and `assigned_text.py` change it in their formats. Only `disk.py` touches the disk.
"""
