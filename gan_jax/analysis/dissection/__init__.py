"""GAN Dissection (Bau et al., arXiv:1811.10597): which units of a generator paint what, and what happens without them."""
