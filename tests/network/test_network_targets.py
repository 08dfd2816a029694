"""URLs leave byte for byte as they were written."""

import re
import string
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.network.targets import secrets_in, target_of

SIGNED = [
    "/flows/x/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sig=a%2Bb%2Fc%3D",
    "/hook?content-type=application%2Fjson&Signature=qZ0A%2BPP2g%3D&at=10%3A00&who=a%40example.com",
    "/file/report%28final%29%27s.csv",
    "/low?k=a%2fb%c3%a9",
    "/%7Euser/hook",
    "/a//b/../c/./d/?x=1&&y=&=z&x=2+3",
    "/empty?",
    "/q?a?b/c:d@e!$&'()*+,;=~-._[1]",
    "//twice/%00%20%25%3F%23",
    "/%E4%fc",
]


def sent(url: str) -> str:
    """Return what stands in the request's first line."""
    return target_of(url).path.decode()


@pytest.mark.parametrize("written", SIGNED)
def test_path_and_query_are_sent_as_they_were_written(written: str) -> None:
    assert sent(f"https://crm.example.com:8443{written}") == written
    assert sent(f"https://user:p%40ss@crm.example.com{written}#fragment?x") == written


@pytest.mark.parametrize(
    ("written", "carried"),
    [
        ("/a b", "/a%20b"),
        ("/zoë?q=ü", "/zo%C3%AB?q=%C3%BC"),
        ("/🐧", "/%F0%9F%90%A7"),
        ('/<a>"{b}|\\^`', "/%3Ca%3E%22%7Bb%7D%7C%5C%5E%60"),
        ("/100%", "/100%25"),
        ("/%zz%2f", "/%25zz%2f"),
        ("", "/"),
        ("?key=x", "/?key=x"),
        ("#top", "/"),
    ],
)
def test_only_what_no_url_may_hold_is_encoded(written: str, carried: str) -> None:
    assert sent(f"http://h.example{written}") == carried


RESERVED = ":/?@!$&'()*+,;=-._~[]"


@given(
    st.lists(
        st.one_of(
            st.sampled_from(string.ascii_letters + string.digits + RESERVED),
            st.from_regex(r"%[0-9A-Fa-f]{2}", fullmatch=True),
        )
    ).map("".join)
)
def test_whatever_a_url_may_hold_stays(written: str) -> None:
    assert sent(f"https://h.example/{written}") == f"/{written}"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="#%")))
def test_whatever_is_encoded_means_the_same(written: str) -> None:
    carried = sent(f"https://h.example/_{written}_")
    assert re.fullmatch(r"[!-~]+", carried)
    assert unquote_to_bytes(carried) == f"/_{written}_".encode()


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://bücher.example/x", "bücher.example", "https://xn--bcher-kva.example"),
        ("HTTP://H.Example:80/x", "h.example", "http://h.example"),
        ("http://[::1]:8080/x", "::1", "http://[::1]:8080"),
        (" https://h.example/x ", "h.example", "https://h.example"),
    ],
)
def test_the_host_is_told_as_people_write_it(url: str, host: str, origin: str) -> None:
    target = target_of(url)
    assert (target.host, str(target.origin), target.path) == (host, origin, b"/x")


@pytest.mark.parametrize(
    "url",
    [
        *("", "h.example/x", "ftp://h/", "http:///x", "http://h:x/", "http://h:99999/"),
        *("http://a b/", "http://h\\x/y", "http://[::1/", "http://u@/", "https://h/\x00"),
        *("http://h/a\nb", "https://h/\x7f", "https://h/\ud800", "mailto:x@example.com"),
        "http:/h/x",
    ],
)
def test_what_is_no_url_is_refused_unquoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"^this is not a URL; write https://host/path$"):
        target_of(url)


@pytest.mark.parametrize(
    ("login", "header"),
    [
        ("user:p%40ss", "Basic dXNlcjpwQHNz"),
        ("user", "Basic dXNlcjo="),
        (":key", "Basic OmtleQ=="),
        ("zoë:ü", "Basic em/DqzrDvA=="),
    ],
)
def test_a_login_becomes_a_header(login: str, header: str) -> None:
    target = target_of(f"https://{login}@h.example/x")
    assert target.headers == {"authorization": header}
    assert str(target.origin) == "https://h.example"


def test_a_target_shows_its_host_alone() -> None:
    shown = repr(target_of("https://user:secret@h.example/secret?k=secret"))
    assert "h.example" in shown
    assert "secret" not in shown


def test_each_part_of_a_url_may_be_secret() -> None:
    found = set(secrets_in("https://me:p%40ss@h.example/hook/tok%2Fen?key=a%2bb&x=ü&y=c+d"))
    assert {"p%40ss", "p@ss", "tok%2Fen", "tok/en", "a%2bb", "a+b", "ü", "%C3%BC"} <= found
    assert {"c d", "/hook/tok%2Fen?key=a%2bb&x=%C3%BC&y=c+d"} <= found
    assert {"a b", "bare"} <= set(secrets_in("https://h.example?key=a%20b&bare#top"))
