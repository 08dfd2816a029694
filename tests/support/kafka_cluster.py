"""Brokers that speak Kafka's protocol on loopback, out of librdkafka, Kafka's C client.

They know idempotent producers, can be told to refuse what is asked next, and go down one by
one; what they hold lies in memory, and they mind no sequence numbers.

::

    with KafkaCluster("leads") as cluster:
        cluster.refuse(PRODUCE, STORAGE_ERROR)
        ...  # brokers at cluster.places

Source: librdkafka, src/rdkafka_mock.h; Kafka's protocol guide (API keys, error codes).
"""

import ctypes
from types import TracebackType
from typing import Self

from support.needs import needs_library

PRODUCE, INIT_PRODUCER_ID = 0, 22
MESSAGE_TOO_LARGE, CLUSTER_AUTHORIZATION_FAILED, UNSUPPORTED_VERSION = 10, 31, 35
OUT_OF_ORDER_SEQUENCE_NUMBER, STORAGE_ERROR = 45, 56
PRODUCER = 0
POINTER, TEXT, NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
SIGNATURES = {
    "rd_kafka_conf_new": (POINTER, ()),
    "rd_kafka_new": (POINTER, (NUMBER, POINTER, TEXT, ctypes.c_size_t)),
    "rd_kafka_destroy": (None, (POINTER,)),
    "rd_kafka_mock_cluster_new": (POINTER, (POINTER, NUMBER)),
    "rd_kafka_mock_cluster_destroy": (None, (POINTER,)),
    "rd_kafka_mock_cluster_bootstraps": (TEXT, (POINTER,)),
    "rd_kafka_mock_topic_create": (NUMBER, (POINTER, TEXT, NUMBER, NUMBER)),
    "rd_kafka_mock_partition_set_leader": (
        NUMBER,
        (POINTER, TEXT, ctypes.c_int32, ctypes.c_int32),
    ),
    "rd_kafka_mock_clear_request_errors": (None, (POINTER, ctypes.c_int16)),
    "rd_kafka_mock_broker_set_rtt": (NUMBER, (POINTER, ctypes.c_int32, NUMBER)),
    "rd_kafka_mock_broker_set_down": (NUMBER, (POINTER, ctypes.c_int32)),
    "rd_kafka_mock_push_request_errors_array": (
        None,
        (POINTER, ctypes.c_int16, ctypes.c_size_t, POINTER),
    ),
}


class KafkaCluster:
    """Brokers 1 to ``brokers`` with a topic of one partition, which broker 1 leads."""

    def __init__(self, topic: str, *, brokers: int = 1) -> None:
        self._topic = topic.encode()
        self._count = brokers
        self._library = needs_library("librdkafka.so.1")
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments

    def __enter__(self) -> Self:
        lib = self._library
        self._client = lib.rd_kafka_new(PRODUCER, lib.rd_kafka_conf_new(), None, 0)
        self._cluster = lib.rd_kafka_mock_cluster_new(self._client, self._count)
        lib.rd_kafka_mock_topic_create(self._cluster, self._topic, 1, self._count)
        self.lead(1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    @property
    def places(self) -> str:
        """Where the brokers are, as `brokers` of a destination may say it."""
        found: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def refuse(self, request: int, *codes: int) -> None:
        """Answer the next requests of this API key with these error codes."""
        array = (NUMBER * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, request, len(codes), array
        )

    def forgive(self, request: int) -> None:
        """Refuse no more of these requests."""
        self._library.rd_kafka_mock_clear_request_errors(self._cluster, request)

    def end(self, broker: int) -> None:
        """Let a broker be gone, its connections broken off."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, broker)

    def delay(self, milliseconds: int) -> None:
        """Let every answer take so long."""
        for broker in range(1, self._count + 1):
            self._library.rd_kafka_mock_broker_set_rtt(self._cluster, broker, milliseconds)

    def lead(self, broker: int) -> None:
        """Let another broker lead the topic."""
        self._library.rd_kafka_mock_partition_set_leader(self._cluster, self._topic, 0, broker)
