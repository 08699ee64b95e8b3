"""Steering: directions of latents that move, enlarge, turn or lighten what a generator draws, learned without labels."""
