"""The trainer page: what is learnt and how, the run and its live pictures, what came of it."""
