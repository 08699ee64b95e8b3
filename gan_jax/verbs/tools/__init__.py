"""Looks inside a trained generator: pictures that explain it, and tools that measure what its latents and units do.

Each tool is a file with `declare`, `run` and INSTEAD, as verbs have them, and is played as `analyse --tool=NAME`.
"""
