"""Segmentations of faces and figures, against the masks that these were drawn with."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.measuring.parts import face_parts_segmentation, figures_segmentation
from gan_jax.data import open_source
from gan_jax.data.face_parts import PARTS
from gan_jax.metrics.overlap import intersection_over_union


def faces(size, n=60):
    source = open_source("faces", split="test", size=size)
    return (source.images[:n] / 127.5 - 1).astype(np.float32), np.moveaxis(source.part_masks(range(n)), 1, -1)


@pytest.mark.parametrize(("size", "least"), [(32, (0.96, 0.93, 0.92, 0.94, 0.94)), (64, (0.85, 0.6, 0.8, 0.85, 0.55))])
def test_parts_of_faces_are_found(size, least):
    segmentation = face_parts_segmentation()
    images, truth = faces(size)
    assert segmentation.names == PARTS
    assert (intersection_over_union(segmentation.on_images(images), truth) > least).all()


def test_colour_and_overshoot_change_nothing():
    segmentation, (images, _) = face_parts_segmentation(), faces(32, 4)
    grey = segmentation.on_images(images)
    np.testing.assert_array_equal(segmentation.on_images(images.repeat(3, -1)), grey)
    assert (segmentation.on_images(1.05 * images) != grey).mean() < 0.002


def test_it_can_be_differentiated():
    """Nearer to the first face's mask: a step along the slope covers more of the hair."""
    segmentation, (images, _) = face_parts_segmentation(), faces(32, 1)
    hair = lambda images: jnp.sum(segmentation.soft(images)[..., 0])
    before, slope = jax.jit(jax.value_and_grad(hair))(images)
    assert hair(images + 1e-2 * slope / jnp.abs(slope).max()) > before
    np.testing.assert_array_equal(np.asarray(segmentation.soft(images)) > 0.5, segmentation.on_images(images))


@pytest.mark.parametrize("shape", [(2, 48, 48, 1), (2, 32, 64, 1), (2, 32, 32, 2)])
def test_other_images_are_refused(shape):
    with pytest.raises(ValueError, match="32 x 32 pixels or a whole number of times that, grey or RGB"):
        face_parts_segmentation().on_images(np.zeros(shape, np.float32))


def test_figures_are_found_and_told_apart():
    segmentation, source = figures_segmentation(), open_source("figures", split="test", length=200)
    assert segmentation.names == source.parts and segmentation.soft is None
    masks = segmentation.on_images((source.images / 127.5 - 1).astype(np.float32))
    truth = np.moveaxis(source.part_masks(), 1, -1)
    assert intersection_over_union(masks, truth).min() > 0.98
    np.testing.assert_array_equal(masks.sum(-1), 1)  # each pixel is of one part
