"""How fast this program is on this machine, and how fast it could be: `make bench`.

Nothing here is part of the program. Each file measures one thing; `__main__.py` lists them.
"""
