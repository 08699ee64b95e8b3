"""Weights that other projects trained, as variables of this one's networks: one file for each project.

Each converts a state dict, {name: array}, by pure functions, complete or not at all.
"""
