"""What the command does: one verb a file."""
