"""The faults of the wire: answers cut short, dripped, without end, or none at all."""

import zlib
from collections.abc import AsyncIterator

from aiohttp import web

from notifier.simulator.answers import SUCCESS, Answer
from notifier.simulator.faults import Fault, FaultType
from notifier.simulator.wire import drip, hang, head, reset, send, send_and_close, stream

CHUNK = b"x" * 2**20
GZIP = 16 + zlib.MAX_WBITS
JSON = {"Content-Type": "application/json"}


async def break_off(request: web.Request, fault: Fault, answer: Answer) -> web.StreamResponse:
    """Answer with what the fault leaves of a good answer; mostly never returns."""
    length = {**JSON, "Content-Length": str(len(answer.body))}
    half = answer.body[: len(answer.body) // 2]
    match fault.fault_type:
        case FaultType.TRUNCATED_LENGTH:
            return await send_and_close(request, head(200, length) + half)
        case FaultType.TRUNCATED_CHUNK:
            chunked = head(200, {**JSON, "Transfer-Encoding": "chunked"})
            return await send_and_close(request, chunked + _chunk(half))
        case FaultType.TRUNCATED_CLOSE:
            closing = head(200, {**JSON, "Connection": "close"})
            return await send_and_close(request, closing + half)
        case FaultType.DRIPPED_HEAD:
            payload = head(200, length) + answer.body
            return await drip(request, payload, interval_s=fault.interval_s)
        case FaultType.DRIPPED_BODY:
            send(request, head(200, length))
            return await drip(request, answer.body, interval_s=fault.interval_s)
        case _:
            return await _swamp(request, fault)


async def _swamp(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault.fault_type:
        case FaultType.HUGE_BODY:
            return await stream(request, web.StreamResponse(headers=JSON), _huge(fault))
        case FaultType.GZIP_BOMB:
            bomb = web.StreamResponse(headers={**JSON, "Content-Encoding": "gzip"})
            return await stream(request, bomb, _squeezed(_huge(fault)))
        case FaultType.RESET:
            return await reset(request)
        case _:
            return await hang()


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(payload), payload)


async def _huge(fault: Fault) -> AsyncIterator[bytes]:
    """Yield a valid answer that is merely very long."""
    yield SUCCESS + b'],"padding":"'
    for _ in range(0, fault.size_bytes, len(CHUNK)):
        yield CHUNK
    yield b'"}'


async def _squeezed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    squeezer = zlib.compressobj(wbits=GZIP)
    async for chunk in chunks:
        yield squeezer.compress(chunk) + squeezer.flush(zlib.Z_SYNC_FLUSH)
    yield squeezer.flush()
