"""Files that appear whole or not at all, and those that grow by lines."""
