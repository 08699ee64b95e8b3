"""Solid shapes as voxels: their axes, their files, and meshes turned into them."""
