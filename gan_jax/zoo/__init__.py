"""Small trained generators that ship with the package, and the form in which any model leaves a run.

    import gan_jax
    images = gan_jax.load("progan_faces").sample(16)

A model is a folder: weights.safetensors, the arrays of its sampler by name, and model.json, all that is known of it.
"""
