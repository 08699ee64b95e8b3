"""Pictures of a run: classes stand in columns."""

from types import SimpleNamespace

import flax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Phase
from gan_jax.run.pictures import Pictures
from gan_jax.runtime.mesh import make_mesh


@flax.struct.dataclass
class Shades:
    """A sampler whose image is the grey value of its class."""

    num_classes: int = flax.struct.field(pytree_node=False, default=3)
    given: tuple = flax.struct.field(pytree_node=False, default=())
    target: str = flax.struct.field(pytree_node=False, default="image")

    def starts(self, key, indices, given=None):
        del key, given
        return {"label": jnp.zeros_like(indices, jnp.int32)}

    def map(self, starts):
        return starts

    def synthesize(self, codes):
        return jnp.broadcast_to(codes["label"][:, None, None, None] / 10.0, (len(codes["label"]), 8, 8, 1)), {}


def test_a_column_holds_one_class(tmp_path):
    real = {"image": np.random.default_rng(0).uniform(-1, 1, (9, 8, 8, 1)).astype(np.float32)}
    method = SimpleNamespace(samplers=lambda state, phase: {"image": Shades()})
    grid = Pictures(method, make_mesh(), 0, 9, real).draw(None, Phase((8, 8, 1), 9), tmp_path, 0).grids["image"]
    tile = 64 + 2
    middles = grid[34::tile, 34::tile, 0]
    assert middles.shape == (3, 3) and np.all(middles == middles[0]) and np.all(np.diff(middles[0].astype(int)) > 0)
