"""The brokers of these tests: each is started once, when the first test asks for it."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from support.brokers import Broker, free_port
from support.needs import needs

USER, PASSWORD = "notifier", "hunter2-p@ss"
"""Of the one who may do everything; the password needs quoting in a URL."""
QUOTED = "hunter2-p%40ss"


class Servers:
    """Starts servers below a folder, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, Broker] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def redis(self) -> Broker:
        return self._shared("redis", redis_server)

    def nats(self) -> Broker:
        return self._shared("nats", nats_server)

    def _shared(self, name: str, make: Callable[[Path], Broker]) -> Broker:
        if name not in self._running:
            folder = self._folder / name
            folder.mkdir()
            self._running[name] = self._stack.enter_context(make(folder))
        return self._running[name]


def redis_server(folder: Path, *extra: str) -> Broker:
    """Return a Redis that keeps what it acknowledged over a kill."""
    port = free_port()
    options = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--dir": str(folder),
        "--save": "",
        "--appendonly": "yes",
        "--appendfsync": "always",
        "--requirepass": PASSWORD,
    }
    words = [word for pair in options.items() for word in pair]
    return Broker([needs("redis-server"), *words, *extra], port=port, folder=folder)


NATS = """
listen: 127.0.0.1:{port}
jetstream {{ store_dir: "{folder}/js", max_memory_store: 16M }}
authorization {{ users: [
  {{ user: {user}, password: "{password}" }}
  {{ user: reader, password: "pw", permissions: {{ publish: ["_INBOX.>"] }} }}
] }}
{extra}
"""


def nats_server(folder: Path, extra: str = "") -> Broker:
    """Return a NATS with JetStream, and a second user who may publish nothing."""
    port, file = free_port(), folder / "nats.conf"
    values = {"user": USER, "password": PASSWORD, "extra": extra}
    file.write_text(NATS.format(port=port, folder=folder, **values))
    return Broker([needs("nats-server"), "-c", str(file)], port=port, folder=folder)
