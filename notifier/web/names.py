"""Under which names the page may be asked for, and what counts as its own origin. Pure."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what is compared, not bound
LOCALHOST = "localhost"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """The host and port of a ``Host`` header; without a port ``None``."""

    host: str
    port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The page's names: where it listens, ``localhost``, and ``public_url``'s.

    The port is not looked at: containers and tunnels lend others, and a page that is led
    astray to this address knows its name alone.
    """

    listens_on: str
    public_url: str | None = None

    def knows(self, name: Name, *, reached_at: str) -> bool:
        """Whether the name is ours; ``reached_at`` is the address that was connected to.

        That counts where every address is listened on: it is a number, and no foreign
        name leads a browser to believe that it is somebody else's.
        """
        if name.host in (LOCALHOST, _address(self.listens_on), self._public_host):
            return True
        return _address(self.listens_on) in EVERYWHERE and name.host == _address(reached_at)

    def is_served_by_https(self, name: Name) -> bool:
        """Whether who asks for this name came through the proxy of a ``https`` address."""
        return self._public_scheme == "https" and name.host == self._public_host

    def is_own(self, origin: str, name: Name) -> bool:
        """Whether an ``Origin`` is the page's own, as it was asked for under this name."""
        scheme = "https" if self.is_served_by_https(name) else "http"
        parts = urlsplit(origin)
        try:
            port = parts.port or PORTS.get(parts.scheme)
        except ValueError:
            return False
        if origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
            return False
        same_port = port == (name.port or PORTS[scheme])
        # A proxy may leave the port out of the name that it hands on.
        return (
            parts.scheme == scheme
            and _address(parts.hostname or "") == name.host
            and (same_port or (name.port is None and port == self._public_port))
        )

    @property
    def _public_host(self) -> str | None:
        return _address(urlsplit(self.public_url).hostname or "") if self.public_url else None

    @property
    def _public_scheme(self) -> str | None:
        return urlsplit(self.public_url).scheme if self.public_url else None

    @property
    def _public_port(self) -> int | None:
        if not self.public_url:
            return None
        parts = urlsplit(self.public_url)
        return parts.port or PORTS[parts.scheme]


def read_name(header: str) -> Name | None:
    """Return what a ``Host`` header names; ``None`` for what is no host and port."""
    try:
        parts = urlsplit(f"//{header}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    written = header.lower().removesuffix(f":{port}" if port is not None else "")
    if not host or written not in (host, f"[{host}]"):
        return None
    return Name(host=_address(host), port=port)


def _address(host: str) -> str:
    """Return a host as it is compared: an address in its one short form."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()
