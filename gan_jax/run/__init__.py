"""A run in a work folder: what it is made of, its rounds, its checkpoints, pictures and scores."""
