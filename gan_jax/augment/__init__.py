"""Differentiable image transforms, to be shown to a discriminator: pure functions of [B, H, W, C] images in [-1, 1].

`color` and `motion` hold the equations, each image with strengths of its own; `policies` draws the strengths.
All shapes are static, and nothing here gathers: the gradient of a gather is a scatter, which accelerators do slowly.
"""
