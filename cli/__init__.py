"""The rooms of the command line: what `starter.py` shows and runs."""
