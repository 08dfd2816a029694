"""Hosts with a network of their own, each by two cables: to the database, and to the world.

A host is a network namespace; its cables are pairs of interfaces, which only root may make.
"""

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from members_proxy import proxy

from support.needs import needs, needs_root
from support.postgres import Server

DATABASE, WORLD = 77, 78
PORT = 8787
"""Of ``/readyz`` on each host, reached from the world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host by its number; ``prefix`` is a command that runs another one there."""

    number: int

    @property
    def name(self) -> str:
        return f"notifier-host{self.number}"

    @property
    def prefix(self) -> tuple[str, ...]:
        return (needs("ip"), "netns", "exec", self.name)

    @property
    def ready_url(self) -> str:
        return f"http://{self.own(WORLD)}:{PORT}/readyz"

    def far(self, net: int) -> str:
        """Return the address at the far end of the cable."""
        return f"10.{net}.{self.number}.1"

    def own(self, net: int) -> str:
        """Return the host's address by this cable."""
        return f"10.{net}.{self.number}.2"

    def plug(self, net: int, *, into: bool) -> None:
        """Put the far end of a cable in, or pull it out: what is sent is gone."""
        ip("link", "set", self.cable(net), "up" if into else "down")
        if into:
            ip("address", "replace", f"{self.far(net)}/24", "dev", self.cable(net))

    def cable(self, net: int) -> str:
        return f"nt{net}h{self.number}"

    def lay(self, net: int) -> None:
        """Lay a cable."""
        near = f"{self.cable(net)}n"
        ip("link", "add", self.cable(net), "type", "veth", "peer", near, "netns", self.name)
        inside = ("-n", self.name)
        ip(*inside, "address", "add", f"{self.own(net)}/24", "dev", near)
        ip(*inside, "link", "set", near, "up")
        self.plug(net, into=True)


@contextmanager
def host(number: int) -> Iterator[Host]:
    """Set up a host for the block."""
    needs_root()
    found = Host(number=number)
    ip("netns", "add", found.name)
    try:
        ip("-n", found.name, "link", "set", "lo", "up")
        for net in (DATABASE, WORLD):
            found.lay(net)
        yield found
    finally:
        ip("netns", "delete", found.name)


def ip(*words: str) -> None:
    """Change the network."""
    subprocess.run([needs("ip"), *words], check=True)


def admit(server: Server, data: Path) -> None:
    """Let the server hear whoever comes by a cable."""
    with (data / "pg_hba.conf").open("a", encoding="utf-8") as file:
        file.write(f"host all all 10.{DATABASE}.0.0/16 trust\n")
    server.run("SELECT pg_reload_conf()")


@asynccontextmanager
async def ways(one: Host, settings: dict[str, str], url: str) -> AsyncIterator[dict[str, str]]:
    """Give a host's own settings: for it the world begins at the far ends of its cables."""
    there = one.far(WORLD)
    async with AsyncExitStack() as stack:

        async def through(known: str) -> str:
            port = urlsplit(known).port
            assert port
            between = await stack.enter_async_context(proxy(port, host=there))
            return f"http://{there}:{between.port}"

        yield {
            "NOTIFIER_DATABASE": f"postgresql://postgres@{one.far(DATABASE)}{urlsplit(url).path}",
            "NOTIFIER_BASE_URL": await through(settings["NOTIFIER_BASE_URL"]),
            "CRM_URL": await through(settings["CRM_URL"]),
            "NOTIFIER_HTTP": f"{one.own(WORLD)}:{PORT}",
        }
