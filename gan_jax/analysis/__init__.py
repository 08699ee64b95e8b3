"""What one does with a trained generator: walks, mixtures, sweeps of truncation, pictures of noise. On any sampler."""
