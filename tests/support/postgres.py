"""A PostgreSQL server that the tests start for themselves, and its databases.

Each process of the tests has one of its own, gone with it however that ends: started from
Debian's programs in a temporary folder, heard on a socket there alone, and in no hurry to
write anything to the disk. ``NOTIFIER_TEST_POSTGRESQL``, the URL of a superuser, names a
server to use instead.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from pydantic import SecretStr

from notifier.store.opening import engine_at
from support.needs import needs
from support.postgres_reuse import LEAVE, Connection, empty, kept, schema

# Read at once: tests clear what begins as our settings do.
GIVEN = os.environ.get("NOTIFIER_TEST_POSTGRESQL")
NOBODY = "nobody"  # the server refuses to be root's
PATIENCE_S = 60
IN_NO_HURRY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",  # it would keep the template from being copied
    "listen_addresses": "",
    "max_connections": "50",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
}

FOLLOWED = {"wal_level": "replica", "max_wal_senders": "4", "synchronous_commit": "on"}
"""The settings of a server that another one may follow, and of that one."""


@dataclass(slots=True)
class Server:
    """A server by the URL of its first database.

    ``keeps``: the connections over which databases are emptied stay open, until :meth:`let_go`.
    """

    url: str
    process: subprocess.Popen[bytes] | None = None
    keeps: bool = False
    _template: str | None = None
    _schema: object = None
    _free: list[str] = field(default_factory=list)
    _kept: dict[str, Connection] = field(default_factory=dict)
    _number: Iterator[int] = field(default_factory=lambda: count(1))

    def url_of(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def database(self, *, empty: bool = False) -> str:
        """Return the URL of a database that is as new: with our tables, or ``empty``."""
        if empty:
            return self._made("template0")
        return self._free.pop() if self._free else self._made(self._filled())

    def give_back(self, url: str) -> None:
        """Take back one with our tables, whoever is connected to it, for the next who asks.

        To empty it takes a twentieth of the time that a new one does, over a connection that
        was kept since the last time. What has another schema or other settings by now is no
        more of use.
        """
        if self._is_empty_again(url):
            self._free.append(url)
        else:
            self.drop(url)

    def _is_empty_again(self, url: str) -> bool:
        """Empty one with our tables, and return whether it is as it was made."""
        connection = self._kept.pop(url, None) or kept(url)
        try:
            connection.execute(LEAVE)
        except psycopg.OperationalError:  # the test cut off whoever was connected
            connection.close()
            connection = kept(url)
            connection.execute(LEAVE)
        is_as_made = schema(connection) == self._schema
        if is_as_made:
            empty(connection)
        if self.keeps:
            self._kept[url] = connection
        else:
            connection.close()
        return is_as_made

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        if connection := self._kept.pop(url, None):
            connection.close()
        self.run(f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')

    def run(self, statement: str, *, database: str | None = None) -> list[tuple[object, ...]]:
        """Run a statement as a superuser."""
        url = self.url if database is None else database
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def clean(self) -> None:
        """Leave nothing on a server that was here before."""
        for url in (
            *self._free,
            *filter(None, [self._template and self.url_of(self._template)]),
        ):
            self.drop(url)

    def let_go(self) -> None:
        """Close the connections that are kept."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _filled(self) -> str:
        """Return the name of a database that has our tables and is only ever copied."""
        if self._template is None:
            url = self._made("template0")
            engine_at(SecretStr(url)).open().close()
            with closing(psycopg.connect(url, autocommit=True)) as connection:
                self._schema = schema(connection)
            self._template = urlsplit(url).path[1:]
        return self._template

    def _made(self, template: str) -> str:
        name = f"notifier_test_{os.getpid()}_{next(self._number)}"
        ((version,),) = self.run("SHOW server_version_num")
        # Copying the files is far quicker, and takes a checkpoint, which nobody here waits for.
        how = " STRATEGY FILE_COPY" if int(str(version)) >= 150_000 else ""
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING UTF8{how}")
        return self.url_of(name)


@contextmanager
def server() -> Iterator[Server]:
    """Give the server of ``NOTIFIER_TEST_POSTGRESQL``, else start one for the block."""
    if GIVEN:
        found = Server(GIVEN, keeps=True)
        yield found
        found.clean()
        found.let_go()
        return
    folder = Path(tempfile.mkdtemp(prefix="notifier-postgresql-"))
    try:
        with started(folder) as found:
            found.keeps = True
            yield found
            found.let_go()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def started(folder: Path, *, log_in: str = "", **settings: str) -> Iterator[Server]:
    """Start a server in this folder, made where there is none yet, for the block.

    Its log of changes goes ``log_in`` another folder where that is given.
    """
    give_away(folder)
    data = folder / "data"
    if not data.exists():
        made = ["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust"]
        if log_in:
            give_away(Path(log_in))
            made.append(f"--waldir={log_in}/wal")
        command = [needs("initdb"), f"--pgdata={data}", "--username=postgres", *made]
        subprocess.run(as_somebody(command), check=True, capture_output=True)
    options = [f"--{name}={value}" for name, value in (IN_NO_HURRY | settings).items()]
    command = [needs("postgres"), f"-D{data}", f"-k{folder}", *options]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(as_somebody(command), stdout=log, stderr=log)
    url = url_in(folder)
    try:
        wait_for(folder)
        yield Server(url, process)
    finally:
        process.send_signal(signal.SIGINT)  # fast: whoever is connected is cut off
        process.wait(PATIENCE_S)


@contextmanager
def followed(folder: Path, follower: Path) -> Iterator[Server]:
    """Start a server in ``follower`` that repeats all that the one in ``folder`` does.

    Give a server that is whichever of the two takes writes.
    """
    give_away(follower)
    command = [needs("pg_basebackup"), f"--host={folder}", "--username=postgres"]
    command += ["--no-sync", "--checkpoint=fast", "-R", f"--pgdata={follower / 'data'}"]
    subprocess.run(as_somebody(command), check=True, capture_output=True)
    with started(follower, **FOLLOWED):
        yield Server(f"{url_in(folder, follower)}&target_session_attrs=read-write")


def give_away(folder: Path) -> None:
    """Let the folder be that of whom the server runs as."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam(NOBODY)
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def url_in(*folders: Path) -> str:
    """Return the URL of the servers that are heard in these folders."""
    hosts = ",".join(quote(str(one), safe="") for one in folders)
    return f"postgresql://postgres@/postgres?host={hosts}"


def as_somebody(command: list[str]) -> list[str]:
    """Return the command as a user who is not root, ended with this process."""
    setpriv = [needs("setpriv"), "--pdeathsig=INT"]
    if os.geteuid() == 0:
        setpriv += [f"--reuid={NOBODY}", f"--regid={pwd.getpwnam(NOBODY).pw_gid}"]
        setpriv += ["--clear-groups"]
    return [*setpriv, *command]


def wait_for(folder: Path, *, port: int = 5432) -> None:
    """Return once what listens in the folder answers; a try takes as long as a server does."""
    for _ in range(600):
        asked = [needs("pg_isready"), "--quiet", f"--host={folder}", f"--port={port}"]
        if subprocess.run(asked, check=False).returncode == 0:
            return
    raise AssertionError(f"nothing answers in {folder}: {[*folder.glob('*')]}")
