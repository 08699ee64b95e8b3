"""Several processes as one, their beginning and their end."""
