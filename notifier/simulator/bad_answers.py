"""The faults that an HTTP server can give in good form: wrong bodies, bad records."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from notifier.core.rows import Row
from notifier.simulator.answers import (
    SUCCESS,
    Answer,
    encoded,
    enveloped,
    listed,
    refused,
)
from notifier.simulator.faults import Fault, FaultType

Misanswer: TypeAlias = Callable[[Fault, Sequence[Row]], Answer]

PAGE = b"<!DOCTYPE html><html><body><h1>Something is wrong</h1><p>&#9785;</p></body></html>"
BAD_ID = b"bad0bad0bad0bad0bad0bad0"
NESTING = 100_000
LONG_ID_BYTES = 10_000

BAD_RECORDS: Mapping[FaultType, bytes] = {
    FaultType.BAD_NULL: b"null",
    FaultType.BAD_LIST: b'["a record?"]',
    FaultType.BAD_NO_ID: b'{"status":"OPEN"}',
    FaultType.BAD_NUMBER_ID: b'{"_id":12345,"status":"OPEN"}',
    FaultType.BAD_LONG_ID: b'{"_id":"%s","status":"OPEN"}' % (b"x" * LONG_ID_BYTES),
    FaultType.BAD_NESTING: b'{"_id":"%s","deep":%s%s}'
    % (BAD_ID, b"[" * NESTING, b"]" * NESTING),
    FaultType.BAD_SURROGATE: b'{"_id":"%s","profile":{"userDetails":{"name":"Half \\ud800"}}}'
    % BAD_ID,
    FaultType.BAD_NAN: b'{"_id":"%s","websiteVisits":NaN}' % BAD_ID,
    FaultType.BAD_INTEGER: b'{"_id":"%s","websiteVisits":1%s}' % (BAD_ID, b"0" * 30),
}


def misanswer(fault: Fault, rows: Sequence[Row]) -> Answer | None:
    """Return what the fault makes of a page, ``None`` where it breaks the wire instead."""
    if fault.fault_type in BAD_RECORDS:
        return _with_a_bad_record(fault, rows)
    make = MISANSWERS.get(fault.fault_type)
    return make(fault, rows) if make else None


def _status(fault: Fault, _rows: Sequence[Row]) -> Answer:
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    if fault.status < 500:
        return refused(fault.status, headers=headers)
    return Answer(status=fault.status, body=PAGE, headers=headers, content_type="text/html")


def _redirect(fault: Fault, _rows: Sequence[Row]) -> Answer:
    return Answer(status=302, body=b"", headers={"Location": fault.location})


def _duplicate_keys(_fault: Fault, rows: Sequence[Row]) -> Answer:
    good = listed(rows).body
    return Answer(body=b'{"success":false,"data":[],' + good[1:])


def _repeated_id(_fault: Fault, rows: Sequence[Row]) -> Answer:
    return listed([*rows, *({**row, "status": "CLOSED"} for row in rows[:1])])


def _with_a_bad_record(fault: Fault, rows: Sequence[Row]) -> Answer:
    good = [encoded(row) for row in rows]
    middle = len(good) // 2
    return enveloped([*good[:middle], BAD_RECORDS[fault.fault_type], *good[middle:]])


def _body(body: bytes, content_type: str = "application/json") -> Misanswer:
    return lambda _fault, _rows: Answer(body=body, content_type=content_type)


MISANSWERS: Mapping[FaultType, Misanswer] = {
    FaultType.STATUS: _status,
    FaultType.SUCCESS_FALSE: _body(b'{"success":false,"message":"try later","code":200}'),
    FaultType.HTML: _body(PAGE, "text/html"),
    FaultType.EMPTY_BODY: _body(b""),
    FaultType.NULL: _body(b"null"),
    FaultType.LIST: _body(b"[]"),
    FaultType.NO_LIST: _body(b'{"success":true,"message":"ok","code":200}'),
    FaultType.NO_LEADS: _body(SUCCESS + b"]}"),
    FaultType.BOM: lambda _fault, rows: Answer(body=b"\xef\xbb\xbf" + listed(rows).body),
    FaultType.DUPLICATE_KEYS: _duplicate_keys,
    FaultType.REDIRECT: _redirect,
    FaultType.ENDLESS: lambda _fault, rows: listed(rows),
    FaultType.REPEATED_ID: _repeated_id,
}
