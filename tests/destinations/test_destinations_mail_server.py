"""``NOTIFIER_SMTP_URL`` and mail addresses."""

import pytest

from notifier.destinations.mail_server import (
    Mailbox,
    Security,
    SmtpServer,
    parse_mailbox,
    parse_smtp_url,
    port_doubt,
    visitor_mailbox,
)


def server(host: str, port: int, security: Security, login: str = "") -> SmtpServer:
    username, _, password = login.partition(" ")
    return SmtpServer(
        host=host, port=port, security=security, username=username, password=password
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", server("mail.example.com", 587, Security.STARTTLS)),
        ("smtps://mail.example.com", server("mail.example.com", 465, Security.TLS)),
        ("smtp+plain://127.0.0.1", server("127.0.0.1", 25, Security.PLAIN)),
        ("smtp+plain://localhost:2525/", server("localhost", 2525, Security.PLAIN)),
        ("smtp+plain://[::1]:25", server("::1", 25, Security.PLAIN)),
        ("smtp+plain://10.0.0.1?insecure=true", server("10.0.0.1", 25, Security.PLAIN)),
        (
            "smtp://me%40example.com:p%2F%3A%40%C3%A9@mail.example.com:25",
            server("mail.example.com", 25, Security.STARTTLS, "me@example.com p/:@é"),
        ),
    ],
)
def test_a_url_names_host_port_protection_and_login(url: str, expected: SmtpServer) -> None:
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("", "mail.example.com:587", "http://u:hunter2@mail.example.com", "smtp://"),
        *("smtp://u:hunter2@", "smtp://u:hunter2@host:port", "smtp://u:hunter2@host:99999"),
        *(
            "smtp://u:hunter2@mail..example.com",
            "smtp://u:hunter2/@host",
            "smtp://u:hunter2#@host",
            "smtp://host/hunter2",
        ),
        *("smtp+plain://u:hunter2@10.0.0.1", "smtp+plain://u:hunter2@10.0.0.1?insecure=yes"),
        *("smtp+plain://u:hunter2@127.0.0.1.example.com", "smtp://u:hunter2@[::1"),
        *("smtp://u:hunter2@host?starttls=false", "smtp://u:hunter2@host?insecure=true"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|smtp") as raised:
        parse_smtp_url(url)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("character", "/?#[]")
def test_a_password_with_a_character_of_urls_is_told_how_to_be_written(character: str) -> None:
    with pytest.raises(ValueError, match="percent-encode") as raised:
        parse_smtp_url(f"smtp://u@x.org:hun{character}ter2@mail.example.com:587")
    assert f"{character} is %{ord(character):02X}" in str(raised.value)
    assert "ter2" not in str(raised.value)


def test_a_wrong_port_is_told_as_that() -> None:
    with pytest.raises(ValueError, match="port is not a number"):
        parse_smtp_url("smtp://mail.example.com:submission")


@pytest.mark.parametrize(
    ("url", "doubt"),
    [
        ("smtp://h:465", "port 465 speaks TLS from the start: write smtps://"),
        ("smtp+plain://127.0.0.1:465", "port 465 speaks TLS from the start: write smtps://"),
        ("smtps://h:587", "port 587 begins without TLS: write smtp://"),
        ("smtps://h:25", "port 25 begins without TLS: write smtp://"),
        *((url, "") for url in ("smtp://h", "smtps://h", "smtp://h:25", "smtps://h:2465")),
    ],
)
def test_a_scheme_and_a_port_that_do_not_fit_are_doubted(url: str, doubt: str) -> None:
    assert port_doubt(parse_smtp_url(url)) == doubt


def test_a_server_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(parse_smtp_url("smtp://u:hunter2@host"))


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("boss@example.com", "boss@example.com", ""),
        (" Boss@Example.COM ", "Boss@example.com", ""),
        ("The Boss <boss@example.com>", "boss@example.com", "The Boss"),
        ('"Boss, The" <boss@example.com>', "boss@example.com", "Boss, The"),
        ("Zoë <zoë@example.com>", "zoë@example.com", "Zoë"),
        ("boss@bücher.example", "boss@xn--bcher-kva.example", ""),
        ("ops@localhost", "ops@localhost", ""),
        ("ops@mail.corp.local", "ops@mail.corp.local", ""),
        ("o'brien+leads@example.com", "o'brien+leads@example.com", ""),
    ],
)
def test_a_mailbox_is_one_address_with_or_without_a_name(
    text: str, address: str, name: str
) -> None:
    found = parse_mailbox(text)
    assert (found.address, found.name) == (address, name)


@pytest.mark.parametrize(
    "text",
    [
        *("", "boss", "@example.com", "boss@", "boss@-x.com", "boss@a..b", "boss@x_y.com"),
        *("a@example.com, b@example.com", "a@example.com b@example.com", "a@b@example.com"),
        *("a@example.com\nBcc: b@example.com", "A <a@example.com> <b@example.com>"),
        *("A\r\nBcc: b@example.com <a@example.com>x", '"a b"@example.com', "a@[127.0.0.1]"),
        *("A, b@example.com <a@example.com>", "a@example.com>"),
    ],
)
def test_what_is_not_one_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not one mail address"):
        parse_mailbox(text)
    assert visitor_mailbox(text) is None


def test_a_strangers_address_must_be_a_public_one() -> None:
    assert visitor_mailbox("a@example.org") == Mailbox(local="a", domain="example.org")
    assert visitor_mailbox("root@localhost") is None
    assert visitor_mailbox("A <a@example.org>") is None


def test_two_spellings_of_a_mailbox_are_the_same_recipient() -> None:
    assert parse_mailbox("Boss <boss@EXAMPLE.com>") == parse_mailbox("boss@example.com")
