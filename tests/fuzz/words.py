"""What strangers may write: odd texts, bytes and JSON, by a seeded generator of chance."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final, TypeVar

T = TypeVar("T")

TEXTS: Final = (
    *("", " ", "\0", "\t\r\n", "\x7f\x9b31m", "\x1b]0;x\x07", "\u202eabc"),
    *(
        "\ufeff",
        "\u200b",
        "ß",
        "İ",
        "😀",
        "a" * 300,
        "é" * 30_000,
        "null",
        "NaN",
        "-0",
        "1e999",
    ),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2026-02-30T25:61:00Z", "now"),
    *("<!channel>", "<b>&amp;</b>", "{{ 7*7 }}", "{% for %}", "%s%n", "../../etc", "'; --"),
    *("a@b@c", "x\r\nBcc: y@example.com", "@", '"', "\\", "http://[::1", "javascript:1"),
)
SURROGATES: Final = ("\ud800", "\udcff", "x\udfffx", "\ud83d\ud83d")
NUMBERS: Final = (
    *(0, -1, 1.5, 2**31, 2**53, 2**63, -(2**63) - 1, 10**40, 1e308, -1e-320),
    *(float("nan"), float("inf"), True, False),
)
MOST_CHANGES: Final = 4


def text(rng: Random) -> str:
    """Return one of the odd texts, or some of them joined; often one that is no Unicode."""
    if rng.random() < 0.1:
        return rng.choice(SURROGATES)
    return "".join(rng.choice(TEXTS) for _ in range(rng.choice((1, 1, 1, 3))))


def noise(rng: Random, most: int = 200) -> bytes:
    """Return random bytes: any, or of few characters that mean something."""
    count = rng.randrange(most)
    if rng.random() < 0.5:
        return rng.randbytes(count)
    return bytes(rng.choice(b'\r\n: -0129aA,;="{}[]<>\0\xff\xe4') for _ in range(count))


def mutated(rng: Random, good: bytes) -> bytes:
    """Return the bytes with a few of them lost, doubled, changed or put in."""
    content = bytearray(good)
    for _ in range(rng.randint(1, MOST_CHANGES)):
        at = rng.randrange(len(content) + 1)
        to = at + rng.choice((0, 1, 1, 2, 8, 100))
        content[at:to] = _changed_bytes(rng, bytes(content[at:to]))
    return bytes(content[: rng.randrange(len(content) + 1)] if rng.random() < 0.1 else content)


def _changed_bytes(rng: Random, good: bytes) -> bytes:
    match rng.randrange(5):
        case 0:
            return b""
        case 1:
            return noise(rng, 8)
        case 2:
            return good * 2
        case 3:
            return bytes(byte ^ 1 << rng.randrange(8) for byte in good)
        case _:
            return text(rng).encode("utf-8", "surrogatepass")


def value(rng: Random, depth: int = 0) -> Any:
    """Return an odd JSON value."""
    match rng.randrange(9 if depth < 3 else 6):
        case 0 | 1 | 2:
            return text(rng)
        case 3 | 4:
            return rng.choice(NUMBERS)
        case 5:
            return None
        case 6:
            return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case 7:
            return {text(rng): value(rng, depth + 1) for _ in range(rng.randrange(4))}
        case _:
            return nested(rng.choice((50, 120, 900)))


def nested(levels: int) -> Any:
    """Return lists within lists."""
    inner: Any = []
    for _ in range(levels):
        inner = [inner]
    return inner


def changed(rng: Random, good: Any) -> Any:
    """Return a JSON value with something odd in one place of it."""
    if isinstance(good, dict) and good and rng.random() < 0.9:
        key = rng.choice(list(good))
        if rng.random() < 0.1:
            return {**good, text(rng): value(rng)}
        if rng.random() < 0.1:
            return {name: kept for name, kept in good.items() if name != key}
        return {**good, key: changed(rng, good[key])}
    if isinstance(good, list) and good and rng.random() < 0.8:
        at = rng.randrange(len(good))
        return [*good[:at], changed(rng, good[at]), *good[at + 1 :]]
    return value(rng)


def encoded(rng: Random, content: Any) -> bytes:
    """Return JSON in one of the ways that servers write it, or nearly."""
    escaped = rng.random() < 0.5
    written = json.dumps(content, ensure_ascii=escaped, indent=rng.choice((None, None, 1)))
    body = written.encode("utf-8", "surrogatepass")
    return mutated(rng, body) if rng.random() < 0.2 else body


def some(rng: Random, choices: Sequence[T], most: int) -> list[T]:
    """Return up to ``most`` of the choices, each as often as chance wants."""
    return [rng.choice(choices) for _ in range(rng.randrange(most + 1))]
