"""This host greets mail servers by its full name, or by the connection's address."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC

import pytest
from examples import NOON, message

from notifier.destinations.email import EmailDestination, EmailOptions
from notifier.destinations.mail_greeting import HostName, full_name, literal
from notifier.destinations.mail_server import parse_mailbox, parse_smtp_url
from support.raw_mail import RawMailServer


def email(server: RawMailServer, host_name: HostName) -> EmailDestination:
    return EmailDestination(
        "managers",
        EmailOptions.model_validate({"type": "email", "to": "boss@example.com"}),
        server=parse_smtp_url(server.url),
        sender=parse_mailbox("notifier@example.com"),
        zone=UTC,
        now=lambda: NOON,
        timeout_s=5,
        host_name=host_name,
    )


async def greeting(look_up: Callable[[], str], *, host: str = "127.0.0.1") -> str:
    async with RawMailServer(host=host) as server:
        await email(server, HostName(look_up)).send(message())
        return server.commands[0]


def no_name() -> str:
    raise UnicodeError("label too long")


async def test_the_greeting_is_this_hosts_full_name() -> None:
    assert await greeting(lambda: "leads.example.org") == "EHLO leads.example.org"


@pytest.mark.parametrize("name", ["localhost", "a1b2c3", "localhost.localdomain", "10.0.0.7"])
async def test_without_one_it_is_the_connections_address(name: str) -> None:
    assert await greeting(lambda: name) == "EHLO [127.0.0.1]"
    assert await greeting(no_name) == "EHLO [127.0.0.1]"


async def test_an_ipv6_address_says_so() -> None:
    assert await greeting(lambda: "", host="::1") == "EHLO [IPv6:::1]"


async def test_nobody_waits_for_a_slow_look_up_and_its_result_serves_later() -> None:
    answered, asked = threading.Event(), list[str]()

    def slow() -> str:
        asked.append("once")
        answered.wait(10)
        return "leads.example.org"

    async with RawMailServer() as server:
        managers = email(server, HostName(slow, patience_s=0.05))
        async with asyncio.timeout(5):
            await managers.send(message())
        answered.set()
        async with asyncio.timeout(10):
            while "EHLO leads.example.org" not in server.commands:
                await managers.send(message())
        await managers.aclose()
    assert server.commands[0] == "EHLO [127.0.0.1]"
    assert "EHLO leads.example.org" in server.commands
    assert asked == ["once"]


async def test_closing_waits_for_no_look_up() -> None:
    answered = threading.Event()
    name = HostName(lambda: str(answered.wait(10)), patience_s=0.01)
    assert await name.get() is None
    name.close()
    answered.set()


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("leads.example.org", "leads.example.org"),
        ("leads.example.org.", "leads.example.org"),
        ("Leads-2.example.org", "Leads-2.example.org"),
        ("web.corp.local", "web.corp.local"),
        *((name, None) for name in ("", "leads", "my_host.example.org", "bücher.example")),
        *((name, None) for name in ("192.0.2.7", "2001:db8::7", "a b.example.org", "x..org")),
        *((name, None) for name in ("localhost6.localdomain", "localhost.example.org")),
        *((name, None) for name in ("leads-.example.org", "x.org-", f"{'a' * 64}.org")),
        (".".join(["a" * 63] * 4), None),
    ],
)
def test_which_names_are_full(name: str, full: str | None) -> None:
    assert full_name(name) == full


def test_an_address_literal_has_no_zone() -> None:
    assert literal("fe80::1%eth0") == "[IPv6:fe80::1]"
    assert literal("::ffff:192.0.2.7") == "[192.0.2.7]"
