"""Faults, injected for real: what the page says, what is kept, and that the server goes on."""
