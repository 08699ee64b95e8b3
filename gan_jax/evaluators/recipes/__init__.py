"""Ways to a score, each with every choice made."""
