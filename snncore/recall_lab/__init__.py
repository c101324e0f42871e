"""The laboratory of associative memory: whole recalls with their scores, and instruments."""
