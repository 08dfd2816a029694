"""Answers that speak HTTP, nearly: status lines, headers and bodies of every kind."""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from fuzz.words import changed, encoded, mutated, noise, some, text

STATUSES: Final = (
    *("200", "200", "200", "200", "201", "204", "206", "301", "307", "304", "400", "401"),
    *("403", "404", "408", "410", "413", "422", "425", "429", "500", "502", "503", "504"),
    *("100", "101", "103", "099", "600", "999", "2000", "-1", "abc", "", "20x", "1e2"),
)
REASONS: Final = (b"OK", b"", b"R\xe9ussi", b"\xff\x00", b"a" * 9_000, b"x\ty")
VERSIONS: Final = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"HTTP/9.9", b"ICY", b"http/1.1", b"")
RETRY_AFTER: Final = (
    *("0", "1", "3", "-5", "1.5", "1e3", "nan", "9" * 30, "soon", " 2 ", "١"),
    *("Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 32 Foo 2026"),
)
HEADERS: Final = (
    b"set-cookie: a=b; domain=\xff",
    b"location: http://127.0.0.1:1/x",
    b"content-type: application/json; charset=klingon",
    b"content-type: \xff\xfe",
    b"connection: upgrade",
    b"connection: keep-alive, close",
    b"no colon at all",
    b": no name",
    b"a b: blank",
    b"x\x00y: z\x00",
    b" folded: x",
    b"x-long: " + b"x" * 9_000,
    b"x-longer: " + b"y" * 70_000,
    b"date: Thu, 01 Jan 1970 00:00:00 GMT",
    b"date: Fri, 31 Dec 9999 23:59:59 GMT",
    b"date: yesterday",
    b"date: Mon, 01 Jan 0001 00:00:00 +9959",
    b"content-length: 5",
    b"content-length: -1",
    b"content-length: " + b"9" * 40,
    b"transfer-encoding: chunked, gzip",
    b"content-encoding: zstd",
    b"trailer: x",
    b'alt-svc: h3=":1"',
    *(b"x-%d: y" % number for number in range(3)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The bytes of an answer; then the connection closes, or it stays open."""

    content: bytes
    closes: bool = True


def whole(body: bytes, status: str = "200", *more: bytes) -> Answer:
    """Return what a well-behaved server says."""
    lines = [f"HTTP/1.1 {status} OK".encode(), b"content-length: %d" % len(body), JSON, *more]
    return Answer(content=b"\r\n".join([*lines, b"", body]), closes=False)


def odd_answer(rng: Random, good: Any) -> Answer:
    """Return an answer that some server may give where ``good`` is the JSON that belongs."""
    if rng.random() < 0.03:
        return Answer(content=noise(rng, 3_000))
    body = odd_body(rng, good)
    head = [_status_line(rng), *_framing(rng, body), *some(rng, (JSON,), 2)]
    if rng.random() < 0.4:
        head.append(f"retry-after: {rng.choice(RETRY_AFTER)}".encode())
    head += some(rng, HEADERS, rng.choice((0, 0, 1, 3)))
    if rng.random() < 0.01:
        head += [b"x-%d: y" % number for number in range(40_000)]
    content = b"\r\n".join([*head, b"", body if head[1:2] != [CHUNKED] else _chunks(rng, body)])
    if rng.random() < 0.2:
        content = mutated(rng, content)
    return Answer(content=content, closes=rng.random() < 0.8)


def odd_body(rng: Random, good: Any) -> bytes:
    """Return the good JSON changed, encoded oddly, or something else."""
    choices: tuple[Callable[[], bytes], ...] = (
        lambda: noise(rng),
        lambda: text(rng).encode("utf-8", "surrogatepass"),
        lambda: b"<!doctype html><p>Sign in",
        lambda: b"[" * rng.choice((100, 5_000, 100_000)),
        lambda: encoded(rng, good)[: rng.randrange(200)],
        lambda: b"\xef\xbb\xbf" + encoded(rng, good),
        lambda: gzip.compress(encoded(rng, good)),
    )
    if rng.random() < 0.25:
        return rng.choice(choices)()
    for _ in range(rng.randint(1, 3)):
        good = changed(rng, good)
    return encoded(rng, good)


JSON: Final = b"content-type: application/json"
CHUNKED: Final = b"transfer-encoding: chunked"


def _status_line(rng: Random) -> bytes:
    if rng.random() < 0.6:
        return b"HTTP/1.1 200 OK"
    version = rng.choice(VERSIONS) if rng.random() < 0.2 else b"HTTP/1.1"
    return b" ".join([version, rng.choice(STATUSES).encode(), rng.choice(REASONS)])


def _framing(rng: Random, body: bytes) -> list[bytes]:
    match rng.randrange(10):
        case 0:
            return [CHUNKED]
        case 1:
            return []
        case 2:
            return [b"content-length: %d" % rng.choice((0, len(body) // 2, len(body) + 7))]
        case 3:
            squeezed = rng.choice((b"gzip", b"deflate", b"br", b"identity"))
            return [b"content-length: %d" % len(body), b"content-encoding: " + squeezed]
        case _:
            return [b"content-length: %d" % len(body)]


def _chunks(rng: Random, body: bytes) -> bytes:
    half = len(body) // 2
    sizes = (b"%x" % half, b"%X;ext=1" % half, b"-1", b"ffffffffffffffffff", b"0x5", b"")
    size = rng.choice(sizes) if rng.random() < 0.4 else sizes[0]
    end = rng.choice((b"0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"", b"0\n\n"))
    return (
        size
        + b"\r\n"
        + body[:half]
        + b"\r\n%x\r\n" % (len(body) - half)
        + body[half:]
        + (b"\r\n" + end)
    )


def bomb(size: int) -> bytes:
    """Return a small body that unpacks to ``size`` bytes."""
    return zlib.compress(b"x" * size)
