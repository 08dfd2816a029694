"""URLs as requests carry them: path and query byte for byte as they were written.

A receiver may sign its URL. Libraries unquote ``%2F``, write ``%7E`` as ``~`` and
capitalise hex digits, all of which a signature forbids.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

import httpx
from yarl import URL

from notifier.network.addresses import is_host_name

WRITTEN = re.compile(r"(?P<origin>https?://[^/?#]*)(?P<path>[^?#]*)(?P<query>\??[^#]*)", re.I)
# What RFC 3986 has no place for, and percent signs that begin no escape.
FOREIGN = re.compile(r"[^A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]|%(?![0-9A-Fa-f]{2})")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes. It shows its host alone: all the rest may be a secret.

    ``path`` has the query as well; ``headers`` hold the URL's user and password, if any.
    """

    host: str
    origin: httpx.URL = field(repr=False)
    path: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)

    def request(
        self, method: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> httpx.Request:
        """Return a request there; its headers win over the URL's, and keep their spelling."""
        given = headers or {}
        spelt = {name.lower() for name in given}
        own = {name: value for name, value in self.headers.items() if name not in spelt}
        return httpx.Request(
            method,
            self.origin,
            headers={**own, **given},
            # As a stream: else httpx writes headers that the transport writes anyway.
            stream=httpx.ByteStream(body),
            extensions={"target": self.path},
        )


def target_of(written: str) -> Target:
    """Return where a URL leads; the fragment is not sent.

    Raises ``ValueError`` for what is no http or https URL, without quoting it.
    """
    try:
        return _target(written.strip(" "))
    except (ValueError, AttributeError, httpx.InvalidURL):  # their texts quote the URL
        raise ValueError("this is not a URL; write https://host/path") from None


def _target(written: str) -> Target:
    found = WRITTEN.fullmatch(written.partition("#")[0])
    if not found or UNPRINTABLE.search(written) or " " in found["origin"]:
        raise ValueError
    parsed = URL(found["origin"])
    origin = parsed.origin()
    if not is_host_name(origin.raw_host or ""):
        raise ValueError
    return Target(
        host=parsed.host or "",
        origin=httpx.URL(str(origin)),
        path=_carriable((found["path"] or "/") + found["query"]).encode(),
        headers=_login(parsed),
    )


def _carriable(text: str) -> str:
    return FOREIGN.sub(lambda one: quote(one[0], safe=""), text)


def _login(url: URL) -> dict[str, str]:
    """Return the header for a URL's user and password. Source: RFC 7617, section 2."""
    if url.user is None and url.password is None:
        return {}
    login = base64.b64encode(f"{url.user or ''}:{url.password or ''}".encode())
    return {"authorization": f"Basic {login.decode()}"}


def secrets_in(written: str) -> Iterator[str]:
    """Yield each part of a URL that may be a secret: as written, as sent and unquoted."""
    found = WRITTEN.match(written.strip(" "))
    if not found:
        return
    login = found["origin"].partition("://")[2].rpartition("@")[0]
    path, query = found["path"], found["query"].removeprefix("?")
    for part in (written, path + found["query"], login, login.partition(":")[2]):
        yield from (part, _carriable(part), unquote(part))
    for segment in path.split("/"):
        yield from (segment, _carriable(segment), unquote(segment))
    for pair in query.split("&"):
        value = pair.partition("=")[2] or pair
        yield from (value, _carriable(value), unquote(value))
    yield from (value for _, value in parse_qsl(query))
