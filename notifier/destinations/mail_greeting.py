"""What this host calls itself when it greets a mail server.

Its full name where it has one, else the address of the connection: many servers
refuse their own domain from anybody else, and a name without a dot. Source: RFC
5321, 4.1.1.1 and 4.1.3.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable

PATIENCE_S = 2.0
LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
FULL_NAME = re.compile(rf"(?=.{{1,253}}$)(?:{LABEL}\.)+(?![0-9]+$){LABEL}", re.ASCII | re.I)
OF_EVERY_HOST = ("localhost", "localdomain")


class HostName:
    """This host's name in DNS: looked up once, in a thread, since that may take long."""

    def __init__(
        self, look_up: Callable[[], str] = socket.getfqdn, *, patience_s: float = PATIENCE_S
    ) -> None:
        self._look_up = look_up
        self._patience_s = patience_s
        self._found: asyncio.Task[str] | None = None

    async def get(self) -> str | None:
        """Return the full name; ``None`` where there is none, or none was found so far."""
        if self._found is None:
            self._found = asyncio.create_task(asyncio.to_thread(self._look_up))
        try:
            async with asyncio.timeout(self._patience_s):
                name = await asyncio.shield(self._found)
        except (OSError, UnicodeError):  # among them TimeoutError
            return None
        return full_name(name)

    def close(self) -> None:
        """Wait no longer for what is still being looked up."""
        if self._found is not None:
            self._found.cancel()


def full_name(name: str) -> str | None:
    """Return a name that tells this host from others, ``None`` where it is none."""
    name = name.removesuffix(".")
    is_everybodys = any(label in OF_EVERY_HOST for label in name.lower().split("."))
    return name if FULL_NAME.fullmatch(name) and not is_everybodys else None


def literal(address: str) -> str:
    """Return a connection's own address as a greeting, ``[192.0.2.7]`` or ``[IPv6:…]``."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return f"[{mapped or ip}]" if mapped or ip.version == 4 else f"[IPv6:{ip}]"
