"""URLs of a server's database: what is wrong with one is told, and nothing of it quoted."""

import pytest
from pydantic import SecretStr

from notifier.store.addresses import is_server, server_address


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://u:p@h/db", "postgresql://u@h/db"),
        ("postgres://h:6432/db?password=p&sslmode=require", "postgresql://h:6432/db"),
        ("postgresql://u@/db?host=/run/postgresql", "postgresql://u@/run/postgresql/db"),
        ("postgresql://u:p%25@[::1]:5432,h2/db", "postgresql://u@[::1]:5432,h2/db"),
    ],
)
def test_a_database_is_known_by_its_name_without_secrets(url: str, name: str) -> None:
    assert is_server(url)
    assert server_address(SecretStr(url)).name == name


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("postgresql://u:s3cret%@h/db", "a % in a URL is written %25"),
        ("postgresql://u:s3#cret@h/db", "of a password, write # as %23"),
        ("postgresql://u:s3/cret@h/db", "of a password, write # as %23"),
        ("postgresql://u:s3cret@h:port/db", "the URL's port is not a number"),
        ("postgresql:/u:s3cret@h/db", "this is no postgresql:// URL"),
        ("postgresql://u:s3 cret@h/db", "a URL has neither blanks nor"),
        ("postgresql://u:s3cret@[::1/db", "this is no URL that can be read"),
    ],
)
def test_a_url_that_cannot_be_read_is_told_without_its_password(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as told:
        server_address(SecretStr(url))
    assert "cret" not in str(told.value)


def test_what_a_library_says_is_told_without_the_password() -> None:
    address = server_address(SecretStr("postgresql://u:p%40ss@h/db?sslpassword=key"))
    said = "cannot use p%40ss or p@ss with key"
    assert address.without_secrets(said) == "cannot use *** or *** with ***"
