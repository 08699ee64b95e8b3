"""The space of a generator's latents: sums, grids, neighbours in the data, the way back from images, and a map."""
