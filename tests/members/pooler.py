"""PgBouncer in transaction mode, before a server of the tests."""

import asyncio
import os
import pwd
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from support.needs import needs

CONFIG = """\
[databases]
* = host={host} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
"""
NOBODY = "nobody"


def socket_folder(url: str) -> str:
    """Return where the server of this URL is heard."""
    return parse_qs(urlsplit(url).query)["host"][0]


def through(url: str, port: int) -> str:
    """Return the URL of the same database by way of a port of loopback."""
    return f"postgresql://postgres@127.0.0.1:{port}{urlsplit(url).path}"


@asynccontextmanager
async def pooler(url: str) -> AsyncIterator[str]:
    """Run PgBouncer before the server of this URL; give the URL through it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with TemporaryDirectory() as folder:
        config = Path(folder) / "pgbouncer.ini"
        config.write_text(CONFIG.format(host=socket_folder(url), port=port))
        command = [needs("pgbouncer"), str(config)]
        if os.geteuid() == 0:
            owner = pwd.getpwnam(NOBODY)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            user = [f"--reuid={NOBODY}", f"--regid={owner.pw_gid}", "--clear-groups"]
            command = [needs("setpriv"), "--pdeathsig=INT", *user, *command]
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        try:
            await _said(process, "process up")
            yield through(url, port)
        finally:
            process.kill()
            await process.wait()


async def _said(process: asyncio.subprocess.Process, words: str) -> None:
    assert process.stderr
    told = ""
    async with asyncio.timeout(20):
        while words not in told:
            line = await process.stderr.readline()
            assert line, told
            told += line.decode()
