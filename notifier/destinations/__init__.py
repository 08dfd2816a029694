"""One file a kind of destination; all keep the contract in base.py."""
