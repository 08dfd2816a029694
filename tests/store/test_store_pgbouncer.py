"""Behind PgBouncer in transaction mode, with fewer connections than sessions."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from signal import SIGINT
from tempfile import mkdtemp
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from pydantic import SecretStr
from store_outbox import Outbox, titles

from notifier.store import service_state
from notifier.store.addresses import server_address
from notifier.store.postgresql import Postgresql
from notifier.store.session import Session
from support.databases import Database
from support.needs import needs
from support.postgres import NOBODY, Server, as_somebody, wait_for

CONFIG = """
[databases]
pooled = host={socket} port=5432 dbname={database} user=postgres
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/pgbouncer.log
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    found = Path(mkdtemp(prefix="notifier-pgbouncer-"))
    yield found
    shutil.rmtree(found)


@pytest.fixture
def pooled(tmp_path: Path, folder: Path, postgresql_server: Server) -> Iterator[Postgresql]:
    """A database of our tables, by way of the pooler."""
    database = Database(tmp_path, postgresql_server)
    url = urlsplit(database.setting)
    (socket,) = parse_qs(url.query)["host"]
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(socket=socket, database=url.path[1:], folder=folder))
    if os.geteuid() == 0:
        shutil.chown(folder, NOBODY)
        config.chmod(0o644)
    process = subprocess.Popen(as_somebody([needs("pgbouncer"), "--quiet", str(config)]))
    try:
        wait_for(folder, port=6432)
        host = quote(str(folder), safe="")
        place = SecretStr(f"postgresql://postgres@/pooled?host={host}&port=6432")
        yield Postgresql(server_address(place))
    finally:
        process.send_signal(SIGINT)
        process.wait(60)
        database.close()


def test_many_sessions_share_few_connections(pooled: Postgresql) -> None:
    sessions = [pooled.open() for _ in range(6)]

    def count(session: Session) -> None:
        def once() -> None:
            found = int(service_state.read(session).get("count", "0"))
            service_state.put(session, "count", str(found + 1))

        for _ in range(20):
            session.whole(once)

    with ThreadPoolExecutor(len(sessions)) as threads:
        list(threads.map(count, sessions))
    assert service_state.read(sessions[0])["count"] == "120"
    for session in sessions:
        session.close()


def test_an_outbox_works_behind_it(pooled: Postgresql) -> None:
    with closing(pooled.open()) as session, closing(pooled.open()) as other:
        with session.transaction():
            for number in range(300):
                Outbox(session, number).add(f"A{number}", f"lead{number}")
        assert len(titles(Outbox(other).claim(limit=500))) == 300
        assert pooled.changes(session) != 0
        assert pooled.leave_no_trace(session)
        assert pooled.check() is None
