"""Redis streams: one ``XADD`` per event.

Source: Redis' command reference, "XADD", and its error prefixes.
"""

from contextlib import suppress
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from notifier.destinations.base import BuildContext, Diagnosis, KindOptions, Message, Receipt
from notifier.destinations.broker_links import TIMEOUT_S, Link, said, server_of
from notifier.destinations.http import no_answer
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError
from notifier.network import certificates
from notifier.network.faults import ConnectionFault, Reason, fault_of

with suppress(ImportError):  # without the extra nothing here is ever built
    from redis import exceptions
    from redis.asyncio import ConnectionPool, Redis, SSLConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

PORTS = {"redis": 6379, "rediss": 6379}
# What a person has to mend, by what Redis' errors begin with; all else mends itself.
REMEDIES = {
    "WRONGPASS": "write the right user and password into `url`",
    "NOAUTH": "write a user and password into `url`",
    "NOPERM": "let its user run XADD on the stream: `ACL SETUSER`",
    "WRONGTYPE": "something else has that key: choose another `stream`",
    "MOVED": "write the cluster's node that has the stream into `url`",
    "DB": "write a database that exists at the end of `url`",
}


def _check_database(secret: SecretStr) -> SecretStr:
    path = server_of(secret.get_secret_value(), PORTS).path
    if path and not (path.isascii() and path.isdigit()):
        raise ValueError("what follows the host is the database's number, as in /0")
    return secret


def _refuse_binary(mode: object) -> object:
    if mode == "binary":
        raise ValueError("CloudEvents has no binary mode for Redis: leave `mode` out")
    return mode


class RedisOptions(KindOptions):
    """``{type: redis, url: …, stream: …}`` in the rules file."""

    takes_events: ClassVar[bool] = True
    needs: ClassVar[str] = "redis"
    delivered_means: ClassVar[str] = "Redis answered XADD"

    type: Literal["redis"] = Field(description="The kind of destination.")
    url: Annotated[SecretStr, AfterValidator(_check_database)] = Field(
        description="redis://user:password@host:6379/0, or rediss:// for TLS."
    )
    stream: str = Field(min_length=1, description="The stream's key.")
    max_length: int | None = Field(
        default=None, ge=1, description="How many entries the stream keeps; else all."
    )
    mode: Annotated[Literal["structured"], BeforeValidator(_refuse_binary)] = Field(
        default="structured", description="structured: there is no other mode for Redis."
    )

    def build(self, name: str, context: BuildContext) -> "RedisDestination":
        """Return the destination; each has its own connections."""
        del context
        return RedisDestination(name, self)

    def reaches(self) -> str:
        """Return the host and the stream."""
        server = server_of(self.url.get_secret_value(), PORTS)
        return f"Redis on {server.host}, stream {self.stream}"


OPTIONS = RedisOptions


class RedisDestination:
    """Appends each event to one stream, in the fields ``id`` and ``event``."""

    slots = 16
    min_interval_s = 0.0

    def __init__(
        self, name: str, options: RedisOptions, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.name = name
        self._options = options
        self._server = server_of(options.url.get_secret_value(), PORTS)
        # One that gives up a whole pool: redis-py puts a connection whose log-in was
        # cancelled back among those that have logged in.
        self._link = Link(
            host=self._server.host,
            timeout_s=timeout_s,
            begin=self._client,
            end=_close,
            errors=exceptions.RedisError,
            translated=self._translated,
        )

    async def send(self, message: Message) -> Receipt:
        """Append the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        longest = self._options.max_length
        kept = ("MAXLEN", "=", longest) if longest else ()
        entry = ("*", "id", part.event.id, "event", part.body)
        async with self._link.attempt() as redis:
            await redis.execute_command("XADD", self._options.stream, *kept, *entry)
        return Receipt()

    async def check(self) -> Diagnosis:
        """Look what the stream's key holds; raises what :meth:`send` would."""
        async with self._link.attempt() as redis:
            held: bytes = await redis.execute_command("TYPE", self._options.stream)
        if held not in (b"stream", b"none"):
            problem = f"{self._options.stream} is a {said(held.decode())}, not a stream"
            raise DestinationRefusedError(problem, remedy=REMEDIES["WRONGTYPE"])
        found = "the stream is there" if held == b"stream" else "it lets us in; no stream yet"
        return Diagnosis(found=found)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._link.aclose()

    async def _client(self) -> Any:
        """Return a client that tries everything once: the outbox tries again."""
        server = self._server
        tls: dict[str, Any] = {}
        if server.scheme == "rediss":
            tls = {"connection_class": SSLConnection, "ssl_ca_certs": certificates.ca_file()}
        pool = ConnectionPool(
            host=server.host,
            port=server.port,
            db=server.path or 0,
            username=server.user or None,
            password=server.password,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            **tls,
            # Each attempt has one deadline, over all it does.
            socket_timeout=None,
            socket_connect_timeout=None,
        )
        return Redis.from_pool(pool)

    def _translated(self, error: Exception) -> DeliveryError:
        host = self._server.host
        if isinstance(cause := error.__cause__ or error.__context__, OSError):
            return no_answer(host, fault_of(cause))
        if isinstance(error, exceptions.InvalidResponse):
            return no_answer(host, ConnectionFault(Reason.UNREADABLE, "Redis"))
        words = said(error, (self._server.password,))
        code, first = getattr(error, "status_code", None), words.partition(" ")[0]
        if isinstance(error, exceptions.ConnectionError) and code is None:
            return no_answer(host, ConnectionFault(Reason.BROKEN_OFF))
        known = next((one for one in (code, first) if one in REMEDIES), None)
        problem = f"{host} refused it: {known or code or first}"
        failure: DeliveryError = TemporaryDeliveryError(problem)
        if known:
            failure = DestinationRefusedError(problem, remedy=REMEDIES[known])
        failure.excerpt = words
        return failure


async def _close(redis: Any) -> None:
    await redis.aclose()
