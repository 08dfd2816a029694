"""What the refusals of Kafka's brokers mean, and what to do about them."""

from contextlib import suppress

from notifier.destinations.broker_links import said
from notifier.destinations.http import no_answer
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.network.faults import ConnectionFault, Reason

with suppress(ImportError):  # without the extra nothing here is ever built
    from aiokafka import errors


def meant(error: Exception, *, host: str, topic: str, password: str | None) -> DeliveryError:
    """Return what an error of the library's means."""
    if isinstance(error, errors.KafkaConnectionError):
        return no_answer(host, ConnectionFault(Reason.BROKEN_OFF))
    if isinstance(error, errors.MessageSizeTooLargeError | errors.RecordTooLargeError):
        return PermanentDeliveryError(f"the event is larger than {host} takes")
    name = type(error).__name__.removesuffix("Error")
    failure: DeliveryError = TemporaryDeliveryError(f"{host} did not take it: {name}")
    if remedy := _remedy(error, topic):
        failure = DestinationRefusedError(f"{host} refused it: {name}", remedy=remedy)
    failure.excerpt = said(error, (password,))
    return failure


def _remedy(error: Exception, topic: str) -> str:
    """Return what a person has to mend; nothing where it mends itself."""
    match error:
        case errors.UnknownTopicOrPartitionError() | errors.InvalidTopicError():
            return f"create topic {topic}"
        case errors.TopicAuthorizationFailedError():
            return f"let its user write to topic {topic}"
        case errors.ClusterAuthorizationFailedError():
            return "let its user be an idempotent producer (IdempotentWrite)"
        case errors.SaslAuthenticationFailed() | errors.AuthenticationFailedError():
            return "write the right username and password under `sasl`"
        case (
            errors.UnsupportedSaslMechanismError()
            | errors.AuthenticationMethodNotSupported()
            | errors.IllegalSaslStateError()
        ):
            return "write a `mechanism` under `sasl` that the brokers know"
        case _:
            return ""
