"""Bytes that anybody may send to the HTTP endpoint."""

from random import Random
from typing import Final

from fuzz.answers import HEADERS
from fuzz.words import mutated, noise, some, text

METHODS: Final = (b"GET", b"HEAD", b"POST", b"OPTIONS", b"TRACE", b"CONNECT", b"PRI", b"g\xe4t")
POKE_SECRET: Final = b"a-poke-of-the-fuzzer"
PATHS: Final = (
    *(b"/healthz", b"/readyz", b"/metrics", b"/", b"*", b"", b"/healthz?x=%00", b"//healthz"),
    *(b"/%2e%2e/etc", b"/\xff", b"/%ff%zz", b"http://127.0.0.1/healthz", b"/" + b"a" * 9_000),
    *(b"/metrics;x", b"/readyz#f", b"/healthz/", b"http://[::1", b"/poke/x"),
    *(
        b"/poke/" + POKE_SECRET + tail
        for tail in (b"", b"/%ff", b"/bad", b"?x#y", b"//", b"%00")
    ),
)


def odd_request(rng: Random) -> bytes:
    """Return what a client may send on one connection: requests, halves of them, noise."""
    if rng.random() < 0.1:
        return noise(rng, 2_000)
    content = b"".join(_request(rng) for _ in range(rng.choice((1, 1, 1, 2, 20))))
    return mutated(rng, content) if rng.random() < 0.5 else content


def _request(rng: Random) -> bytes:
    version = rng.choice((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1\xff"))
    head = [b" ".join((rng.choice(METHODS), rng.choice(PATHS), version))]
    head.append(b"host: " + rng.choice((b"127.0.0.1", b"", b"x:y:z", b"\xff", b"a" * 300)))
    head += some(rng, HEADERS, 4)
    body = b""
    if rng.random() < 0.4:
        body = text(rng).encode("utf-8", "surrogatepass") * rng.choice((1, 1, 50))
        head.append(b"content-length: %d" % (len(body) + rng.choice((0, 0, 0, 9, -1))))
    if rng.random() < 0.1:
        head.append(b"expect: 100-continue")
    return b"\r\n".join([*head, b"", body])
