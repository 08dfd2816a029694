"""What the refusals of NATS and JetStream mean, and what to do about them."""

from contextlib import suppress

from notifier.destinations.broker_links import Server, said
from notifier.destinations.http import no_answer
from notifier.errors import (
    DeliveryError,
    DestinationRefusedError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from notifier.network.faults import ConnectionFault, Reason

with suppress(ImportError):  # without the extra nothing here is ever built
    from nats import errors
    from nats.js import errors as js_errors

NO_STREAM = 10059
OTHER_STREAM = 10060


def meant(
    error: Exception, *, server: Server, stream: str, subject: str, timeout_s: float
) -> DeliveryError:
    """Return what an error of the library's means."""
    host, words = server.host, said(error, (server.password, server.user))
    fault = _fault(error, timeout_s)
    if fault is not None:
        return no_answer(host, fault)
    failure: DeliveryError
    match error:
        case _ if _is_of_login(error, words):
            remedy = "write the right user and password, or the token, into `url`"
            failure = DestinationRefusedError(f"{host} does not let us in", remedy=remedy)
        case js_errors.NoStreamResponseError() | js_errors.NotFoundError():
            failure = _without_stream(host, stream, subject)
        case js_errors.APIError() if error.err_code in (NO_STREAM, OTHER_STREAM):
            failure = _without_stream(host, stream, subject)
        case js_errors.APIError():
            problem = f"stream {stream} on {host} refused it: {error.err_code}"
            failure = TemporaryDeliveryError(problem)
        case errors.MaxPayloadError():
            problem = f"the event is larger than {host} takes"
            failure = PermanentDeliveryError(problem, remedy="raise its `max_payload`")
        case _:
            failure = TemporaryDeliveryError(f"{host} did not take it")
    failure.excerpt = words
    return failure


def _fault(error: Exception, timeout_s: float) -> ConnectionFault | None:
    """Return what was wrong with the connection, where that is what an error is about."""
    match error:
        case errors.SecureConnWantedError():
            return ConnectionFault(Reason.TLS)
        case errors.ConnectionClosedError() | errors.StaleConnectionError():
            return ConnectionFault(Reason.BROKEN_OFF)
        case errors.TimeoutError():
            return ConnectionFault(Reason.SILENT, f"{timeout_s:g} s")
        case _:
            return None


def _without_stream(host: str, stream: str, subject: str) -> DestinationRefusedError:
    return DestinationRefusedError(
        f"{host} has no stream {stream} for this subject",
        remedy=f"let stream {stream} take {subject}: `nats stream add`, `nats stream edit`",
    )


def _is_of_login(error: Exception, words: str) -> bool:
    return isinstance(error, errors.AuthorizationError) or (
        "authorization violation" in words.lower()
    )
