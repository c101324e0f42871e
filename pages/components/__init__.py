"""Shared pieces of the pages. `frame` and what it imports are light, see `warm`."""
