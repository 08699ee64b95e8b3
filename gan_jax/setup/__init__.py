"""From a config to the objects of a run: the only room that reads a config."""
