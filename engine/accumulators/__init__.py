"""Accumulators: one bet on options of several matches, all in one market with a pool of its own."""
