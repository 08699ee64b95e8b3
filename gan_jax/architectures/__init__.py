"""Generators and discriminators, one family a file.

Every generator is called as `generator(latents, label=None, train=False) -> images [B, H, W, C] in [-1, 1]`, every
discriminator as `discriminator(images, label=None, train=False) -> Verdict`. Both know the image's shape, so that base
sizes and channel counts follow from it.
"""
