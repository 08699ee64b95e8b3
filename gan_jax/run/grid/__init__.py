"""A grid of runs: its cells, and the table that it ends in."""
