"""Convolutions: plain, transposed and with a change of resolution, each in the form that is fast where it runs."""
