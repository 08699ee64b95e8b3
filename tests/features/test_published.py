import hashlib
import http.server
import io
import os
import pickle
import socket
import threading
import time

import numpy as np
import pytest

from gan_jax.features import convert_torch, published
from gan_jax.features.published import RELEASES, Release, cache_folder, published_weights
from gan_jax.features.weights import load_weights, save_weights, weights_hash

STATE = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
VARIABLES = {"params": STATE}


def file_content():
    """A stand-in for a .pth: the tests read it without PyTorch."""
    content = io.BytesIO()
    np.savez(content, **STATE)
    return content.getvalue()


CONTENT = file_content()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = f"weights-net-{SHA256[:8]}.pth"


@pytest.fixture(autouse=True)
def without_pytorch(monkeypatch, tmp_path):
    monkeypatch.setattr(convert_torch, "has_torch", lambda: True)
    monkeypatch.setattr(convert_torch, "read_state_dict", lambda path: dict(np.load(path)))
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server():
    """Serves `server.content` at any address; `server.announced` is the length it claims."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(self.server.announced or len(self.server.content)))
            self.end_headers()
            self.wfile.write(self.server.content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.content, server.announced, server.status, server.asked = CONTENT, None, 200, []
        server.daemon_threads = False  # so that closing it waits for them
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def publish(monkeypatch):
    def publish(port, file=NAME, arrays=None):
        address = f"http://127.0.0.1:{port}/releases/{file}"
        monkeypatch.setitem(RELEASES, "net", Release(address, lambda state: {"params": dict(state)}, arrays))
        return address

    return publish


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]  # nobody listens there once the probe is closed


def cached(tmp_path):
    return sorted(os.listdir(tmp_path / "cache")) if (tmp_path / "cache").exists() else []


def test_weights_are_downloaded_once(server, publish, tmp_path):
    address = publish(server.server_port)
    first = published_weights("net")
    assert server.asked == [f"/releases/{NAME}"] and cached(tmp_path) == ["net.npz"]
    np.testing.assert_array_equal(first.variables["params"]["weight"], STATE["weight"])
    assert first.facts == {"name": "net", "file": NAME, "file_sha256": SHA256, "url": address}
    second = published_weights("net")
    assert len(server.asked) == 1
    assert second.sha256 == first.sha256 == weights_hash(VARIABLES) and second.facts == first.facts


def test_the_cache_may_be_any_folder(server, publish, tmp_path, monkeypatch):
    publish(server.server_port)
    published_weights("net", cache=tmp_path / "there" / "deep")
    assert os.listdir(tmp_path / "there" / "deep") == ["net.npz"] and not cached(tmp_path)
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("GAN_JAX_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "gan_jax"


def test_another_file_than_the_published_one_is_thrown_away(server, publish, tmp_path):
    publish(server.server_port)
    server.content = CONTENT[:-1] + b"?"
    with pytest.raises(ValueError, match=f"SHA-256 begins with .*, and that of the published one with {SHA256[:8]}"):
        published_weights("net")
    assert cached(tmp_path) == []


def test_arrays_are_checked_where_the_name_carries_no_hash(server, publish, tmp_path):
    publish(server.server_port, "heads.pth", weights_hash(VARIABLES))
    assert published_weights("net").sha256 == weights_hash(VARIABLES)
    publish(server.server_port, "heads.pth", "0" * 64)
    with pytest.raises(ValueError, match="heads.pth does not hold the published weights"):
        published_weights("net", cache=tmp_path / "other")
    assert os.listdir(tmp_path / "other") == []


def check_nothing_came(publish, port, tmp_path, reason):
    address = publish(port)
    start = time.monotonic()
    with pytest.raises(ValueError, match=reason) as caught:
        published_weights("net")
    assert time.monotonic() - start < 5
    assert str(caught.value).endswith(
        f"fetch {address} where there is a network, and put it at {tmp_path / 'cache' / NAME}"
    )
    assert cached(tmp_path) == []


def test_without_a_network_the_error_says_what_to_fetch(publish, free_port, tmp_path):
    check_nothing_came(publish, free_port, tmp_path, r"could not be downloaded \(.*refused")


def test_a_silent_server_does_not_hang(publish, tmp_path, monkeypatch):
    monkeypatch.setattr(published, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        check_nothing_came(publish, silent.getsockname()[1], tmp_path, "timed out")


def test_a_download_that_breaks_off(server, publish, tmp_path):
    server.announced = len(CONTENT) + 1000
    check_nothing_came(publish, server.server_port, tmp_path, f"{len(CONTENT)}.*bytes|IncompleteRead")


def test_a_release_that_is_gone(server, publish, tmp_path):
    server.status = 404
    check_nothing_came(publish, server.server_port, tmp_path, "404")


def test_without_pytorch_nothing_is_downloaded(server, publish, tmp_path, monkeypatch):
    publish(server.server_port)
    monkeypatch.setattr(convert_torch, "has_torch", lambda: False)
    with pytest.raises(
        ValueError, match=r"needs PyTorch: install it \(pip install torch\), or .* put its net.npz at /"
    ):
        published_weights("net")
    assert server.asked == []
    (tmp_path / NAME).write_bytes(CONTENT)
    with pytest.raises(ValueError, match="needs PyTorch"):
        published_weights("net", tmp_path / NAME)
    save_weights(tmp_path / "cache" / "net.npz", VARIABLES, {"name": "net"})  # converted elsewhere
    assert published_weights("net").sha256 == weights_hash(VARIABLES)


def test_a_file_put_into_the_cache_is_converted_and_kept(publish, free_port, tmp_path):
    publish(free_port)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / NAME).write_bytes(CONTENT)
    assert published_weights("net").facts["file_sha256"] == SHA256
    assert cached(tmp_path) == sorted(["net.npz", NAME])


def test_weights_from_a_path(publish, free_port, tmp_path):
    publish(free_port)
    for file in (NAME, f"pt_{NAME}", "own.pth"):  # only where the name carries the published digits do they count
        (tmp_path / file).write_bytes(CONTENT)
        assert published_weights("net", tmp_path / file).sha256 == weights_hash(VARIABLES)
        changed = io.BytesIO()
        np.savez(changed, weight=STATE["weight"] + 1)
        (tmp_path / file).write_bytes(changed.getvalue())
    assert published_weights("net", tmp_path / "own.pth").sha256 == weights_hash(
        {"params": {"weight": STATE["weight"] + 1}}
    )
    with pytest.raises(ValueError, match="SHA-256 begins with"):
        published_weights("net", tmp_path / f"pt_{NAME}")
    save_weights(tmp_path / "safe.npz", VARIABLES, {"name": "net", "file": "x"})
    assert published_weights("net", tmp_path / "safe.npz").facts["file"] == "x"
    save_weights(tmp_path / "safe.npz", VARIABLES, {"name": "vgg16"})
    with pytest.raises(ValueError, match="holds the weights 'vgg16', not 'net'"):
        published_weights("net", tmp_path / "safe.npz")
    with pytest.raises(FileNotFoundError, match="no weights file"):
        published_weights("net", tmp_path / "none.pth")
    assert cached(tmp_path) == []


def test_processes_that_download_at_once_do_not_meet(server, publish, tmp_path):
    publish(server.server_port)
    found, failed = [], []

    def download():
        try:
            found.append(published_weights("net").sha256)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=download) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failed and found == [weights_hash(VARIABLES)] * 4 and cached(tmp_path) == ["net.npz"]
    assert load_weights(tmp_path / "cache" / "net.npz").sha256 == weights_hash(VARIABLES)


def test_the_releases():
    with pytest.raises(
        ValueError, match="vgg16, vgg19, vgg19_normalised, vgg16_lpips; there are none named 'inception'"
    ):
        published_weights("inception")
    assert {name: release.digits for name, release in RELEASES.items()} == {
        "inception_2015": "6726825d",
        "vgg16": "397923af",
        "vgg19": "dcbb9e9d",
        "vgg19_normalised": None,
        "vgg16_lpips": None,
    }
    assert all(release.digits or release.arrays or release.sha256 for release in RELEASES.values())


def test_a_file_whose_name_carries_no_digits_is_checked_by_its_own(tmp_path, monkeypatch):
    release = Release("https://example.org/net.pth", lambda state: {"params": dict(state)}, sha256=SHA256)
    monkeypatch.setitem(RELEASES, "net", release)
    for file in ("net.pth", "own.pth"):
        (tmp_path / file).write_bytes(CONTENT)
        assert published_weights("net", tmp_path / file).sha256 == weights_hash(VARIABLES)
        changed = io.BytesIO()
        np.savez(changed, weight=STATE["weight"] + 1)
        (tmp_path / file).write_bytes(changed.getvalue())
    with pytest.raises(ValueError, match=f"SHA-256 begins with .* of the published one with {SHA256[:8]}"):
        published_weights("net", tmp_path / "net.pth")
    published_weights("net", tmp_path / "own.pth")  # somebody's own weights


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")
def test_the_releases_are_those_of_the_packages(torch_package):
    lpips = torch_package("lpips")
    fidelity = torch_package("torch_fidelity.feature_extractor_inceptionv3")
    similarity = torch_package("torch_fidelity.sample_similarity_lpips")
    import torchvision

    assert RELEASES["inception_2015"].url == fidelity.URL_INCEPTION_V3
    assert RELEASES["vgg16_lpips"].url == similarity.URL_VGG16_LPIPS
    assert RELEASES["vgg16"].url == torchvision.models.VGG16_Weights.IMAGENET1K_V1.url
    from gan_jax.features.convert_torch import convert_lpips_heads  # not patched: see `read`

    heads = convert_lpips_heads(read(os.path.join(os.path.dirname(lpips.__file__), "weights/v0.1/vgg.pth")))
    assert weights_hash(heads) == RELEASES["vgg16_lpips"].arrays


read = convert_torch.read_state_dict  # before a test replaces it


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


@pytest.mark.parity
def test_files_of_pytorch_are_read_and_nothing_in_them_is_run(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    state = {
        "weight": torch.arange(6.0).reshape(2, 3),
        "half": torch.ones(2, dtype=torch.float16),
        "n": torch.tensor(3),
    }
    for archive in (True, False):  # of today, and of before PyTorch 1.6
        torch.save(state, tmp_path / "net.pth", _use_new_zipfile_serialization=archive)
        arrays = read(tmp_path / "net.pth")
        assert {name: array.dtype for name, array in arrays.items()} == dict.fromkeys(state, np.float32)
        np.testing.assert_array_equal(arrays["weight"], STATE["weight"])
        torch.save({"weight": Evil()}, tmp_path / "evil.pth", _use_new_zipfile_serialization=archive)
        with pytest.raises(ValueError, match="cannot be read as PyTorch weights"):
            read(tmp_path / "evil.pth")
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="cannot be read as PyTorch weights"):
        read(tmp_path / "evil.pth")
    assert not (tmp_path / "evil").exists()
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ValueError, match="no state dict"):
        read(tmp_path / "list.pth")
