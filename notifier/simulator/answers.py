"""The listing's envelope and refusals. Source: the API page, "Response" and "Status Codes"."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from notifier.core.rows import Row

SUCCESS = b'{"success":true,"message":"ok","code":200,"data":['
MESSAGES = {
    400: "Bad request / invalid parameters",
    401: "Unauthorized request",
    403: "Forbidden",
    404: "Not found",
    429: "Too many requests",
    500: "Internal server error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole response: what a well-behaved server would send."""

    status: int = 200
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


def listed(rows: Iterable[Row]) -> Answer:
    """Return the answer that lists these rows."""
    return enveloped(encoded(row) for row in rows)


def enveloped(rows: Iterable[bytes]) -> Answer:
    """Return the answer that lists rows already encoded, well or badly."""
    return Answer(body=SUCCESS + b",".join(rows) + b"]}")


def encoded(row: Row) -> bytes:
    """Return a row's JSON; what UTF-8 cannot carry is escaped."""
    try:
        return msgspec.json.encode(row)
    except UnicodeEncodeError:
        return json.dumps(row).encode()


def refused(status: int, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the upstream's envelope for a refused request."""
    message = MESSAGES.get(status, "Request failed")
    body = msgspec.json.encode({"success": False, "message": message, "code": status})
    return Answer(status=status, body=body, headers=headers or {})
