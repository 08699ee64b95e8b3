"""Checkpoints: complete or ignored, verified before they are loaded."""
