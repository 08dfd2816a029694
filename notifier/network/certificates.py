"""Whom to trust in TLS: the host's authorities, or Mozilla's where it has none."""

import ssl
from functools import cache
from pathlib import Path
from typing import Literal

import certifi

Tls = ssl.SSLContext | Literal[True]
"""What to trust; ``True`` is the host's authorities, which aiohttp has read already."""


def for_http() -> Tls:
    """Return what HTTP trusts, without reading twice what costs 20 ms and 1 MB."""
    return True if _host_has_any() else context()


def context() -> ssl.SSLContext:
    """Return what other protocols trust; read once."""
    return _read(ca_file())


def ca_file() -> str | None:
    """Return the file to trust besides what the host does, ``None`` for none."""
    return None if _host_has_any() else certifi.where()


@cache
def _read(cafile: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=cafile)


def _host_has_any() -> bool:
    paths = ssl.get_default_verify_paths()
    return Path(paths.cafile or "").is_file() or any(Path(paths.capath or "-").glob("*"))
