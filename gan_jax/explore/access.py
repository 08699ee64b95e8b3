"""Who may ask: on the loopback address whoever is on this machine, elsewhere who has the token."""

from __future__ import annotations

import dataclasses
import hmac
import ipaddress
import secrets

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True)
class Access:
    """token: what every request must bring; None: nothing, but the page must be asked for by a name of this machine's
    loopback address, or else a page of another site could have its own name point here, and look."""

    host: str
    token: str | None

    @classmethod
    def of(cls, host: str) -> Access:
        """Of an address: beyond the loopback one, with a random token."""
        return cls(host, None if is_loopback(host) else secrets.token_urlsafe(16))

    def refusal(self, asked_of: str, token: str | None) -> str | None:
        """A sentence where a request is refused, else None. asked_of: its Host header. token: what it brought."""
        if self.token is not None:
            if token is not None and hmac.compare_digest(token.encode(), self.token.encode()):
                return None
            return "this page is for who has its token: open the whole address that gan_jax explore printed"
        name = asked_of.rsplit(":", 1)[0] if not asked_of.endswith("]") else asked_of
        name = name.strip("[]").lower()
        if name in (*LOOPBACK, self.host.lower()):
            return None
        return f"this page is asked for as localhost, not as {name[:60]!r}"


def is_loopback(host: str) -> bool:
    """Whether an address, or name, is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
