"""Telling systemd how it goes; without systemd nobody listens and nothing happens."""

import os
import socket
import time
from collections.abc import Mapping
from typing import Self

import structlog

log = structlog.get_logger()


class Systemd:
    """Speaks to the manager's notification socket; an empty ``address`` is no manager.

    ``watchdog_s`` is how long it waits for a sign of life, ``None`` for ever.
    Source: sd_notify(3), sd_watchdog_enabled(3).
    """

    def __init__(self, address: str = "", *, watchdog_s: float | None = None) -> None:
        # A leading @ stands for the zero byte of an abstract address.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @classmethod
    def of_environment(cls, variables: Mapping[str, str]) -> Self:
        """Return what this process was started by."""
        usec, pid = variables.get("WATCHDOG_USEC", ""), variables.get("WATCHDOG_PID", "")
        ours = usec.isdecimal() and int(usec) > 0 and pid in ("", str(os.getpid()))
        return cls(
            variables.get("NOTIFY_SOCKET", ""),
            watchdog_s=int(usec) / 1_000_000 if ours else None,
        )

    @property
    def listens(self) -> bool:
        """Whether anybody is there to be told."""
        return bool(self._address)

    def ready(self) -> None:
        """Say that start-up, or a reload, is complete."""
        self.tell("READY=1")

    def reloading(self) -> None:
        """Say that the rules are being read again; :meth:`ready` ends it."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self.tell("STOPPING=1", "STATUS=Finishing what is in flight")

    def alive(self, status: str) -> None:
        """Give a sign of life, with a line for ``systemctl status``."""
        self.tell("WATCHDOG=1", f"STATUS={status}")

    def tell(self, *lines: str) -> None:
        """Send one datagram; a manager that cannot take it stops nothing."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(0)
                sock.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd_unreachable", error=error.strerror)
