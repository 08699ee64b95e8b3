"""Mistakes in what was typed."""

from __future__ import annotations


class UsageError(ValueError):
    """A command that cannot be understood, in a sentence that says what to type."""
