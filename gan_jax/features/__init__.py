"""Images to features: the networks that scores look through, and their weights."""
