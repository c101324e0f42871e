"""Hostile input for every parser: `python -m tests.fuzz`; tests/test_fuzz.py is the short form."""
