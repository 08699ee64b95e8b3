"""Attributes in latent space (InterFaceGAN): found by planes, edited along their normals, and what else that moves."""
