"""Lanes against mail servers that answer in their own words, byte for byte."""

from pathlib import Path

import pytest
import structlog
from house import house
from pydantic import SecretStr

from notifier.settings import Settings
from support.raw_mail import RawMailServer

BOSS, DEPUTY = "boss@example.com", "deputy@example.com"
RULES = """
destinations:
  mail: {type: email, to: boss@example.com, burst: null}
  screen: {type: console}
rules:
  - {name: New, when: lead.created, send: [mail, screen]}
"""
TO_TWO = RULES.replace("boss@example.com", "[boss@example.com, deputy@example.com]")
LATIN = b"Empf\xe4nger unbekannt"


def settings(server: RawMailServer) -> Settings:
    return Settings(smtp_url=SecretStr(server.url), smtp_from="notifier@example.com")


@pytest.mark.parametrize(
    ("step", "code", "state"),
    [
        ("banner", b"554 ", "pending"),
        ("EHLO", b"550-", "pending"),
        ("EHLO", b"550 ", "pending"),
        ("AUTH", b"535 ", "pending"),
        ("AUTH", b"334 ", "pending"),
        ("MAIL", b"450 ", "pending"),
        ("MAIL", b"550 ", "pending"),
        ("RCPT", b"450 ", "pending"),
        ("RCPT", b"421 ", "pending"),
        ("RCPT", b"550 ", "dead"),
        ("DATA", b"451 ", "pending"),
        (".", b"450 ", "pending"),
        (".", b"550 ", "dead"),
        (".", b"250 ", "delivered"),
        ("QUIT", b"500 ", "delivered"),
        ("QUIT", b"", "delivered"),
    ],
)
async def test_a_reply_in_another_encoding_ends_nothing(
    tmp_path: Path, step: str, code: bytes, state: str
) -> None:
    said = code + LATIN
    if code.endswith(b"-"):
        said += b"\r\n" + code[:3] + b" " + LATIN
    async with RawMailServer(login=step == "AUTH") as server:
        server.script(step, *[said] * 3)
        async with house(tmp_path, RULES, settings=settings(server)) as found:
            await found.create("asha")
            await found.states("screen", delivered=1)
            await found.until(
                "SELECT state, error IS NOT NULL FROM deliveries WHERE destination = 'mail'"
                " AND claim > 0 AND claimed = 0",
                *(state, int(state != "delivered")),
            )
            (error,) = await found.one(
                "SELECT COALESCE(error, '') FROM deliveries WHERE destination = 'mail'"
            )
            assert "\udce4" not in str(error)
            if step not in ("AUTH", "QUIT") and state != "delivered":
                assert "Empf\ufffdnger unbekannt" in str(error)


@pytest.mark.parametrize("code", [b"450 ", b"550 "])
async def test_the_one_recipient_who_was_taken_gets_the_mail_exactly_once(
    tmp_path: Path, code: bytes
) -> None:
    async with RawMailServer() as server:
        server.script(f"RCPT {DEPUTY}", code + LATIN)
        async with house(tmp_path, TO_TWO, settings=settings(server)) as found:
            await found.create("asha")
            if code == b"450 ":
                await found.until("SELECT SUM(attempts) FROM deliveries", 2)
                found.pass_(seconds=5)
            await found.states("mail", delivered=1)
            await found.states("screen", delivered=1)
        assert [mail.recipients for mail in server.mails].count((BOSS,)) == 1
        others = [(DEPUTY,)] if code == b"450 " else []
        assert [mail.recipients for mail in server.mails] == [(BOSS,), *others]


@pytest.mark.parametrize("step", ["banner", "MAIL", "RCPT", "."])
async def test_what_a_server_quotes_stays_with_its_delivery(tmp_path: Path, step: str) -> None:
    rules = RULES.replace("when: lead.created,", "when: [lead.created, 'destination.*'],")
    said = b"451-4.7.1 Subject: Zebra\r\n451 4.7.1 Reply-To: zebra@example.org"
    async with RawMailServer() as server:
        server.script(step, *[said] * 5)
        with structlog.testing.capture_logs() as logged:
            async with house(tmp_path, rules, settings=settings(server)) as found:
                await found.create("a", "b", "c")
                await found.until(
                    "SELECT COUNT(*) FROM deliveries WHERE error LIKE"
                    " '%127.0.0.1 answered 451 4.7.1: Subject: Zebra Reply-To: zebra@%'",
                    3,
                )
                found.pass_(minutes=6)
                await found.until("SELECT COUNT(*) > 5 FROM deliveries", 1)
                told = await found.rows("SELECT reason, remedy FROM destinations")
                told += await found.rows("SELECT body FROM events WHERE type LIKE 'dest%'")
    assert "answered 451 4.7.1" in str(told)
    assert "answered 451 4.7.1" in str(logged)
    assert "zebra" not in f"{told} {logged}".lower()
