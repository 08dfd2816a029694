"""The installed program as a process: started, watched from outside, stopped."""

import os
import select
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from receiver import SECRET

PATIENCE_S = 120.0
EXECUTABLE = Path(sys.executable).with_name("notifier")
TOKEN = "benchmark"
BOT_ID = "638d99eeee9e558f1247ae03"
CUSTOMER_ID = "5fed38e56fb193dcc6c933f5"
DATABASE = "notifier.db"
# Newest change first: only then do head polls stop at the first quiet page.
BASELINE_DONE = (
    "SELECT MIN(baseline_done_ms IS NOT NULL AND walk_order = 'updated-desc') FROM listings"
)
DELIVERED = "SELECT COUNT(*) FROM deliveries WHERE state = 'delivered'"
RULES = """\
destinations:
  crm: {type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}"}
rules:
  - {name: Changed, when: lead.status_changed, send: crm}
"""


def settings(upstream_url: str, hook_url: str, **more: str) -> dict[str, str]:
    """Return the environment of a simple installation without a rate limit."""
    return {
        "NOTIFIER_BASE_URL": upstream_url,
        "NOTIFIER_TOKEN": TOKEN,
        "NOTIFIER_BOT_ID": BOT_ID,
        "NOTIFIER_CUSTOMER_ID": CUSTOMER_ID,
        "NOTIFIER_RULES": "rules.yaml",
        "NOTIFIER_POLL_INTERVAL": "1s",
        "NOTIFIER_RATE_LIMIT": "1000000",
        "NOTIFIER_TIMEZONE": "UTC",
        "CRM_URL": hook_url,
        "CRM_SECRET": SECRET,
        **more,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A ``notifier run`` that said it is ready, ``ready_s`` after its start."""

    folder: Path
    pid: int
    ready_s: float

    def cpu_s(self) -> float:
        """Return the CPU time it has used so far. Source: clock_getcpuclockid(3)."""
        return time.clock_gettime_ns((~self.pid) << 3 | 2) / 1e9

    def memory_mb(self) -> float:
        """Return how much of it is in memory."""
        return self._status("VmRSS")

    def peak_mb(self) -> float:
        """Return the most of it that ever was in memory."""
        return self._status("VmHWM")

    def commits(self) -> int:
        """Return a count that goes up by one with each transaction.

        Source: https://sqlite.org/walformat.html, "WAL-Index Header", ``iChange``.
        """
        with (self.folder / f"{DATABASE}-shm").open("rb") as shared:
            return int(struct.unpack_from("=I", shared.read(12), 8)[0])

    def count(self, query: str) -> int:
        """Return what a query finds, looking from outside; -1 for nothing."""
        return look(self.folder / DATABASE, query)

    def _status(self, name: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        (line,) = (line for line in lines if line.startswith(name))
        return int(line.split()[1]) / 1024


def look(path: Path, query: str) -> int:
    """Return the number that a query finds in a database; -1 for nothing."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        found = db.execute(query).fetchone()
    return -1 if found is None or found[0] is None else int(found[0])


@contextmanager
def running(
    folder: Path, environment: Mapping[str, str], *, rules: str = RULES
) -> Iterator[Running]:
    """Run the program in ``folder``; at the end of the block it stops by itself."""
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    address = folder / "ready"
    address.unlink(missing_ok=True)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
        (folder / "log").open("w", encoding="utf-8") as log,
    ):
        manager.bind(str(address))
        begun = time.monotonic()
        process = subprocess.Popen(
            [EXECUTABLE, "run"],
            cwd=folder,
            env=_environment({**environment, "NOTIFY_SOCKET": str(address)}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _await_ready(manager, process, folder)
            yield Running(folder=folder, pid=process.pid, ready_s=time.monotonic() - begun)
            process.terminate()
            assert process.wait(PATIENCE_S) == 0, _said(folder)
        finally:
            process.kill()
            process.wait()


def command(
    folder: Path, environment: Mapping[str, str], *arguments: str, code: int = 0
) -> None:
    """Run a command of the program to its end, which has this exit code."""
    ended = subprocess.run(
        [EXECUTABLE, *arguments],
        cwd=folder,
        env=_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert ended.returncode == code, f"{arguments} ended with {ended.returncode}"


def until(condition: Callable[[], bool], *, every_s: float = 0.05) -> None:
    """Return once the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(every_s)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **own}


def _await_ready(
    manager: socket.socket, process: subprocess.Popen[bytes], folder: Path
) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s and process.poll() is None:
        if select.select([manager], [], [], 0.1)[0] and b"READY=1" in manager.recv(4096):
            return
    raise RuntimeError(f"the program did not start:\n{_said(folder)}")


def _said(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8")[-4000:]
