"""What RabbitMQ's refusals mean, and what to do about them."""

from contextlib import suppress

from notifier.destinations.broker_links import Server, said
from notifier.destinations.http import no_answer
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError
from notifier.network.faults import ConnectionFault, Reason, fault_of

with suppress(ImportError):  # without the extra nothing here is ever built
    from aiormq import exceptions


def meant(
    error: Exception, *, server: Server, exchange: str, routing_key: str
) -> DeliveryError:
    """Return what an error means; what is none of a message's is the connection's."""
    failure: DeliveryError | None = _refusal(error, server.host, exchange)
    failure = failure or _failure(error, server.host, exchange, routing_key)
    if failure is None:
        cause = error.__cause__ or error
        known = isinstance(cause, OSError) and cause.errno is not None
        fault = fault_of(cause) if known else ConnectionFault(Reason.BROKEN_OFF)
        return no_answer(server.host, fault)
    if not isinstance(error, exceptions.DeliveryError):  # which would quote the message
        failure.excerpt = said(error, (server.password,))
    return failure


def is_too_large(error: Exception, size_bytes: int) -> bool:
    """Say whether it is a message of this size that closed the channel for being too large.

    All that is under way fails with it, and only the one that is named is to blame.
    """
    return f" size {size_bytes} " in str(error)


def _refusal(error: Exception, host: str, exchange: str) -> DestinationRefusedError | None:
    """Return what a person has to mend."""
    problem = f"{host} does not let us in"
    match error:
        case exceptions.AuthenticationError() | exceptions.ProbableAuthenticationError():
            remedy = "write the right user and password into `url`"
        case exceptions.InvalidFrameError() if "Connection.OpenOk" in str(error):
            remedy = "write a virtual host that is there, and open to its user, into `url`"
        case exceptions.ChannelNotFoundEntity():
            problem = f"{host} has no exchange {exchange}"
            remedy = "declare it, or write the name of another as `exchange`"
        case exceptions.ChannelAccessRefused():
            problem = f"{host} forbids it"
            remedy = f"let its user write to exchange {exchange}"
        case _:
            return None
    return DestinationRefusedError(problem, remedy=remedy)


def _failure(
    error: Exception, host: str, exchange: str, routing_key: str
) -> DeliveryError | None:
    """Return what mends itself, or passes."""
    match error:
        case exceptions.PublishError():
            where = f"bind a queue to exchange {exchange} for {routing_key}"
            remedy = where if exchange else f"declare the queue {routing_key}"
            return TemporaryDeliveryError(f"{host} has no queue for it", remedy=remedy)
        case exceptions.DeliveryError():
            remedy = "is one at its length, or its disk full?"
            return TemporaryDeliveryError(f"a queue on {host} did not take it", remedy=remedy)
        case _:
            return None
