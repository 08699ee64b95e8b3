"""What is asked of scores before any work is done for them."""

import pytest

from gan_jax.verbs.evaluate import evaluate_images


def test_no_recipes_are_not_taken_for_the_default():
    with pytest.raises(ValueError, match="no recipe is named: give one or more"):
        evaluate_images("nowhere", "digits", recipes=[])
