"""A page that is served, of a tiny generator, and how it is asked."""

import asyncio
import http.client
import json
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.analysis.directions import Direction, generator_hash
from gan_jax.analysis.scenes import Studio
from gan_jax.architectures import stylegan2
from gan_jax.explore.access import Access
from gan_jax.explore.answers import Answers
from gan_jax.explore.server import bound, serve
from gan_jax.latents import normal
from gan_jax.methods.samplers import GeneratorSampler
from gan_jax.nn.compiling import compiled


class Served:
    """A page on a port of its own, in a thread."""

    def __init__(self, answers, access=None):
        self.access = access or Access.of("127.0.0.1")
        self.sockets = bound("127.0.0.1", 0)
        self.port = self.sockets[0].getsockname()[1]
        self._answers, self._ready = answers, threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await serve(self._answers, self.access, self.sockets, self._stop)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def ask(self, path, body=None, headers=None, method=None):
        """(status, content type, bytes). body: JSON values, or bytes as they are."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method or ("GET" if body is None else "POST"), path, data, kind | (headers or {}))
        answer = connection.getresponse()
        told = answer.status, answer.headers["Content-Type"], answer.read()
        connection.close()
        return told

    def refused(self, *args, **kwargs):
        """(status, sentence) of a request that is refused."""
        status, _, body = self.ask(*args, **kwargs)
        return status, json.loads(body)["error"]


@pytest.fixture(scope="session")
def small():
    """A sampler of 8 x 8 pixels and 3 classes, with codes w and noise, and a direction of it."""
    net = stylegan2.Generator((8, 8, 3), channel_base=32, channel_max=6, w_dim=5, mapping_layers=1, num_classes=3)
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    variables = dict(compiled(net.init, quick=True)(keys, jnp.zeros((1, 4)), jnp.zeros(1, jnp.int32)))
    rng = np.random.default_rng(0)
    fill = lambda x: x + 0.3 * rng.normal(size=x.shape).astype(np.float32)
    filled = {name: jax.tree.map(fill, tree) for name, tree in variables.items() if name in ("params", "averages")}
    sampler = GeneratorSampler(net, filled, normal(4), num_classes=3)
    return sampler, Direction("turn", "w", rng.normal(size=5), "a test", "one step", generator_hash(sampler))


@pytest.fixture(scope="session")
def answers(small, tmp_path_factory):
    sampler, direction = small
    path = tmp_path_factory.mktemp("found") / "turn.json"
    path.write_text(direction.as_json())
    return Answers(Studio(sampler, [direction]), "small", "sampler = small()", {"turn": path})


@pytest.fixture(scope="session")
def serving():
    """A context manager: answers, and who may ask -> a page that is served."""
    return Served


@pytest.fixture(scope="session")
def page(answers):
    with Served(answers) as served:
        yield served
