"""Addends to either player's loss: one idea a file, its head included."""
