import pytest

from notifier.web.names import Names, read_name

LOCAL = Names(listens_on="127.0.0.1")
PUBLIC = Names(listens_on="127.0.0.1", public_url="https://alerts.example.com")


def knows(names: Names, header: str, *, reached_at: str = "127.0.0.1") -> bool:
    name = read_name(header)
    return name is not None and names.knows(name, reached_at=reached_at)


@pytest.mark.parametrize(
    "header", ["127.0.0.1:8787", "127.0.0.1", "localhost:8787", "LOCALHOST", "localhost:9000"]
)
def test_the_page_answers_to_where_it_listens(header: str) -> None:
    assert knows(LOCAL, header)


@pytest.mark.parametrize(
    "header",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost"),
        *("127.0.0.2", "localhost@evil.example", "evil.example@localhost", "localhost."),
        *(
            "",
            ":8787",
            "localhost:",
            "localhost:port",
            "[::",
            "localhost:99999",
            "local host",
            "[::1]",
        ),
        *("localhost/x", "localhost?x", "localhost#x", "localhost:80:80", "alerts.example.com"),
        *("192.168.1.5:8787", "\u217dlocalhost"),
    ],
)
def test_it_answers_to_no_other_name(header: str) -> None:
    assert not knows(LOCAL, header)


def test_it_answers_to_its_public_name_alone_and_whole() -> None:
    assert knows(PUBLIC, "alerts.example.com")
    assert knows(PUBLIC, "Alerts.Example.com:443")
    assert not knows(PUBLIC, "example.com")
    assert not knows(PUBLIC, "alerts.example.com.evil.example")
    assert not knows(PUBLIC, "xalerts.example.com")


def test_where_it_listens_everywhere_the_address_that_was_reached_counts() -> None:
    everywhere = Names(listens_on="0.0.0.0")
    assert knows(everywhere, "192.168.1.5:8787", reached_at="192.168.1.5")
    assert not knows(everywhere, "192.168.1.6:8787", reached_at="192.168.1.5")
    assert not knows(everywhere, "evil.example", reached_at="192.168.1.5")
    assert knows(Names(listens_on="::"), "[FE80:0::1]", reached_at="fe80::1")


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:8787", "127.0.0.1:8787", True),
        ("http://localhost:9000", "localhost:9000", True),
        ("http://localhost", "localhost:80", True),
        ("http://127.0.0.1:8788", "127.0.0.1:8787", False),
        ("http://localhost:8787", "127.0.0.1:8787", False),
        ("https://127.0.0.1:8787", "127.0.0.1:8787", False),
        ("http://127.0.0.1:8787/", "127.0.0.1:8787", False),
        ("http://x@127.0.0.1:8787", "127.0.0.1:8787", False),
        ("null", "127.0.0.1:8787", False),
        ("", "127.0.0.1:8787", False),
        ("http://127.0.0.1:port", "127.0.0.1:8787", False),
        ("https://alerts.example.com", "alerts.example.com", True),
        ("http://alerts.example.com", "alerts.example.com", False),
        ("https://alerts.example.com:8443", "alerts.example.com", False),
    ],
)
def test_an_origin_is_the_pages_own_where_all_of_it_is(
    origin: str, host: str, own: bool
) -> None:
    name = read_name(host)
    assert name is not None
    assert PUBLIC.is_own(origin, name) is own


def test_a_proxy_may_leave_out_the_port_of_a_public_name() -> None:
    names = Names(listens_on="127.0.0.1", public_url="https://alerts.example.com:8443")
    name = read_name("alerts.example.com")
    assert name is not None
    assert names.is_own("https://alerts.example.com:8443", name)
