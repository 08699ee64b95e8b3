"""Blocks that several configs share."""
