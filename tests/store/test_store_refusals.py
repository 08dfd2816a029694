"""A server that refuses a connection in any language: its code tells what is to be done."""

import re
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from socket import create_server, socket
from threading import Thread

import pytest
from pydantic import SecretStr

from notifier.errors import BusyError, StoreError
from notifier.store.addresses import server_address
from notifier.store.postgresql import Postgresql


@contextmanager
def refusing(code: str, words: str) -> Iterator[str]:
    """Give the URL of a server that refuses everybody so."""
    fields = ("SВАЖНО", "VFATAL", f"C{code}", f"M{words}", "")
    body = b"".join(one.encode() + b"\0" for one in fields)
    with closing(create_server(("127.0.0.1", 0))) as listening:
        answer = b"E" + struct.pack("!i", len(body) + 4) + body
        Thread(target=_refuse, args=(listening, answer), daemon=True).start()
        port = listening.getsockname()[1]
        yield f"postgresql://u:s3cret@127.0.0.1:{port}/db?sslmode=disable&gssencmode=disable"


def _refuse(listening: socket, answer: bytes) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # the test is over
            return
        with connection:
            connection.recv(4096)
            connection.sendall(answer)


@pytest.mark.parametrize(
    ("code", "words", "remedy"),
    [
        ("28P01", "пользователь «u» не прошёл проверку", "mend user and password"),
        ("28000", "в pg_hba.conf нет записи", "let the server's pg_hba.conf admit this host"),
    ],
)
def test_what_a_person_has_to_do_is_told_in_any_language(
    code: str, words: str, remedy: str
) -> None:
    with refusing(code, words) as url, pytest.raises(StoreError, match=remedy) as told:
        Postgresql(server_address(SecretStr(url))).open()
    assert words in str(told.value)
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        ("57P03", "система баз данных запускается", "try again"),
        ("3D000", "база данных «db» не существует", "create it (`createdb NAME`)"),
        ("53300", "извините, уже слишком много клиентов", "raise the server's max_connections"),
        ("08P01", "pgbouncer cannot connect to server", "is the server there? Try again"),
    ],
)
def test_what_passes_by_itself_is_waited_for(code: str, words: str, told: str) -> None:
    with refusing(code, words) as url, pytest.raises(BusyError, match=re.escape(told)):
        Postgresql(server_address(SecretStr(url))).open()


def test_what_a_pooler_refuses_under_one_code_is_told_apart_by_its_words() -> None:
    with (
        refusing("08P01", "no such database: db") as url,
        pytest.raises(BusyError, match="createdb NAME"),
    ):
        Postgresql(server_address(SecretStr(url))).open()
