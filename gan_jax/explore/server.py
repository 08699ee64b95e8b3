"""The page's server, by Tornado: one thread that answers, and one that draws, so that pictures are made one by one."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from gan_jax.explore.access import Access
from gan_jax.explore.answers import Answers

FILES = {
    name: (Path(__file__).parent / "page" / name, kind)
    for name, kind in (
        ("index.html", "text/html"),
        ("page.css", "text/css"),
        ("page.js", "text/javascript"),
        ("state.js", "text/javascript"),
        ("picture.js", "text/javascript"),
        ("knobs.js", "text/javascript"),
        ("units.js", "text/javascript"),
        ("save.js", "text/javascript"),
    )
}
LARGEST_REQUEST = 4 * 2**20  # bytes
COOKIE = "gan_jax_explore"
_POLICY = "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'"


class _Gone(Exception):
    """Nobody waits for the answer any more."""


class _Handler(RequestHandler):
    """What all have in common: who may ask, and errors as a sentence in JSON."""

    def initialize(self, access: Access, answers: Answers, drawing: ThreadPoolExecutor) -> None:
        self.access, self.answers, self._drawing, self._gone = access, answers, drawing, False

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.clear_header("Server")

    def prepare(self) -> None:
        typed = self.get_query_argument("token", None)
        brought = self.request.headers.get("Authorization", "").removeprefix("Bearer ") or None
        token = typed or brought or self.get_cookie(f"{COOKIE}_{_port(self)}")
        if refused := self.access.refusal(self.request.host, token):
            self.refuse(403, refused)
        elif typed and self.access.token:
            self.set_cookie(f"{COOKIE}_{_port(self)}", typed, httponly=True, samesite="Strict", expires_days=None)

    def refuse(self, status: int, sentence: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": sentence}))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        told = {
            404: "there is no such page",
            405: "this address is asked in another way: see docs/explore.md",
            500: "something went wrong here; the terminal in which the page was started says what",
        }
        self.refuse(status_code, told.get(status_code, self._reason))

    def on_connection_close(self) -> None:
        self._gone = True

    async def drawn(self, function: Callable[[Any], Any], *args: Any) -> Any:
        """What the function returns, from the thread that draws. What was asked first is drawn first."""

        def run() -> Any:
            if self._gone:
                raise _Gone
            return function(*args)

        return await asyncio.get_running_loop().run_in_executor(self._drawing, run)


class _File(_Handler):
    def get(self, name: str = "") -> None:
        path, kind = FILES[name or "index.html"]
        self.set_header("Content-Type", f"{kind}; charset=utf-8")
        self.finish(path.read_bytes())


class _Model(_Handler):
    def get(self) -> None:
        self.finish(self.answers.model())


class _Nothing(_Handler):
    def prepare(self) -> None:
        super().prepare()
        if not self._finished:
            self.refuse(404, "there is no such page")


class _Drawn(_Handler):
    """POST of JSON. -> what `Answers.<name>` makes of it."""

    def initialize(self, name: str, kind: str, **shared: Any) -> None:
        super().initialize(**shared)
        self._name, self._kind = name, kind

    async def post(self) -> None:
        if not self.request.headers.get("Content-Type", "").startswith("application/json"):
            return self.refuse(400, "a request is JSON: send it with Content-Type: application/json")
        try:
            answer = await self.drawn(getattr(self.answers, self._name), _json(self.request.body))
        except ValueError as error:
            return self.refuse(400, str(error))
        except _Gone:
            return
        self.set_header("Content-Type", self._kind)
        self.finish(json.dumps(answer) if isinstance(answer, dict) else answer)


def _json(body: bytes) -> Any:
    def refused(name: str) -> Any:
        raise ValueError(f"{name} is no number that JSON knows")

    try:
        return json.loads(body, parse_constant=refused)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"the request is no JSON: {error}") from None


def _port(handler: RequestHandler) -> str:
    return handler.request.host.rpartition(":")[2] or "80"


def application(answers: Answers, access: Access, drawing: ThreadPoolExecutor) -> Application:
    """The page, its files and /api/model, picture, units, gif, code."""
    shared = {"answers": answers, "access": access, "drawing": drawing}
    kinds = {
        "picture": "image/png",
        "units": "application/json",
        "gif": "image/gif",
        "code": "text/x-python; charset=utf-8",
    }
    drawn = [(f"/api/{name}", _Drawn, {"name": name, "kind": kind, **shared}) for name, kind in kinds.items()]
    files = "|".join(name.replace(".", r"\.") for name in FILES)
    rest = [(r"/", _File, shared), (rf"/({files})", _File, shared), (r"/api/model", _Model, shared)]
    quiet = {"log_function": lambda handler: None}
    return Application([*drawn, *rest], default_handler_class=_Nothing, default_handler_args=shared, **quiet)


def bound(host: str, port: int) -> list[socket.socket]:
    """A socket that listens there; port 0: one that is free. Raises OSError, with a sentence, where it cannot."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise OSError(f"--host={host} is no address of this machine: {error}") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise OSError(_unbound(host, port, error)) from error
    return [listener]


def _unbound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is taken, perhaps by another page: name another with --port, or --port=0 for one that is "
            "free"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host={host} is no address of this machine; 127.0.0.1 is reached from it alone"
    if error.errno == errno.EACCES:
        return f"port {port} is not for every user: name one from 1024 on with --port"
    return f"cannot listen at port {port} of {host}: {error}"


def address(sockets: list[socket.socket], access: Access) -> str:
    """The page's URL, with its token."""
    host = access.host
    if host in ("", "0.0.0.0", "::"):
        host = socket.gethostname()
    host = f"[{host}]" if ":" in host else host
    token = f"?token={access.token}" if access.token else ""
    return f"http://{host}:{sockets[0].getsockname()[1]}/{token}"


async def serve(answers: Answers, access: Access, sockets: list[socket.socket], stop: asyncio.Event) -> None:
    """Answers until `stop` is set, or SIGINT or SIGTERM comes."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread
            loop.add_signal_handler(number, stop.set)
    with ThreadPoolExecutor(1, "drawing") as drawing:
        server = HTTPServer(application(answers, access, drawing), max_body_size=LARGEST_REQUEST)
        server.add_sockets(sockets)
        await stop.wait()
        server.stop()
        drawing.shutdown(wait=False, cancel_futures=True)
        await server.close_all_connections()
