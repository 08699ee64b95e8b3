"""Generators from elsewhere: a plain function of one's own as a sampler, so that every tool takes it."""
