"""MQTT 5: a message per event, told as delivered once the broker acknowledged it.

Source: MQTT 5.0, 3.4 and 3.5 (reason codes); CloudEvents' MQTT protocol binding, 3.
"""

import logging
import re
import ssl
from contextlib import suppress
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from notifier.destinations.base import BuildContext, Diagnosis, KindOptions, Message, Receipt
from notifier.destinations.broker_events import (
    MODE_DESCRIPTION,
    ModeName,
    check_name,
    encoded,
    filled,
    sample_name,
)
from notifier.destinations.broker_links import (
    TIMEOUT_S,
    Link,
    server_of,
    tls_of,
    url_check,
)
from notifier.destinations.mqtt_connection import Connection, unconnected
from notifier.rules.unfit import UnfitError

with suppress(ImportError):  # without the extra nothing here is ever built
    import aiomqtt

PORTS = {"mqtt": 1883, "mqtts": 8883}
OWN = re.compile(r"[/+#$\x00-\x1f\x7f-\x9f]")
NO_TOPIC = re.compile(r"[+#\x00-\x1f\x7f-\x9f]|^\$|^$")
SILENT = logging.Logger("mqtt", logging.CRITICAL)  # what it has to say are our errors


def _check_topic(template: str) -> str:
    check_name(template)
    if NO_TOPIC.search(sample_name(template)):
        raise UnfitError(template, "is not a topic; write words with slashes between them")
    return template


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdigit() else value


class MqttOptions(KindOptions):
    """``{type: mqtt, url: …, topic: …}`` in the rules file."""

    takes_events: ClassVar[bool] = True
    needs: ClassVar[str] = "aiomqtt"
    delivered_means: ClassVar[str] = "the broker acknowledged it, also where nobody subscribes"

    type: Literal["mqtt"] = Field(description="The kind of destination.")
    url: Annotated[SecretStr, AfterValidator(url_check(PORTS))] = Field(
        description="mqtt://user:password@host:1883, or mqtts:// for TLS."
    )
    topic: Annotated[str, AfterValidator(_check_topic)] = Field(
        description="Where to; it may have {type}, {source}, {bot_id}, {lead_id}."
    )
    qos: Annotated[Literal[1, 2], BeforeValidator(_number)] = Field(
        default=1, description="1 (at least once) or 2 (exactly once, to the broker)."
    )
    mode: ModeName = Field(default="structured", description=MODE_DESCRIPTION)

    def build(self, name: str, context: BuildContext) -> "MqttDestination":
        """Return the destination; each has its own connection."""
        del context
        return MqttDestination(name, self)

    def reaches(self) -> str:
        """Return the host and the topic."""
        server = server_of(self.url.get_secret_value(), PORTS)
        return f"MQTT on {server.host}, topic {self.topic}"


OPTIONS = MqttOptions


class MqttDestination:
    """Publishes each event and waits for the broker's acknowledgement, and what it says."""

    slots = 16
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        options: MqttOptions,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._options = options
        self._server = server_of(options.url.get_secret_value(), PORTS)
        self._tls = tls
        self._timeout_s = timeout_s
        self._link = Link(
            host=self._server.host,
            timeout_s=timeout_s,
            begin=self._begin,
            end=Connection.end,
            errors=aiomqtt.MqttError,
            translated=partial(unconnected, self._server.host),
            is_open=Connection.is_open,
        )

    async def send(self, message: Message) -> Receipt:
        """Publish the message's one event; see :class:`Destination`."""
        (part,) = message.parts
        topic = filled(self._options.topic, part.event, own=OWN)
        event = encoded(part, self._options.mode)
        async with self._link.attempt() as connection:
            await connection.publish(topic, event, self._options.qos)
        return Receipt()

    async def check(self) -> Diagnosis:
        """Log in; raises what :meth:`send` would."""
        async with self._link.attempt():
            return Diagnosis(found="the broker lets us in")

    async def aclose(self) -> None:
        """Close the connection."""
        await self._link.aclose()

    async def _begin(self) -> Connection:
        server = self._server
        client = aiomqtt.Client(
            server.host,
            server.port,
            username=server.user,
            password=server.password,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,
            tls_context=tls_of(server, self._tls),
            timeout=self._timeout_s,
            logger=SILENT,
        )
        connection = Connection(client, server.host)
        try:
            await connection.begin(self._timeout_s)
        except BaseException:
            await connection.end()
            raise
        return connection
