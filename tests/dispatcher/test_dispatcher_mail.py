"""Lanes against mail servers that answer in their own words, byte for byte."""

from email import message_from_bytes, policy

import pytest
import structlog
from house import house, lead
from pydantic import SecretStr

from notifier.configuration.settings import Settings
from support.databases import Database
from support.raw_mail import RawMailServer

pytestmark = pytest.mark.virtual_time

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
    database: Database, step: str, code: bytes, state: str
) -> None:
    said = code + LATIN
    if code.endswith(b"-"):
        said += b"\r\n" + code[:3] + b" " + LATIN
    async with RawMailServer(login=step == "AUTH") as server:
        server.script(step, *[said] * 3)
        async with house(database, RULES, settings=settings(server)) as found:
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
    database: Database, code: bytes
) -> None:
    async with RawMailServer() as server:
        server.script(f"RCPT {DEPUTY}", code + LATIN)
        async with house(database, TO_TWO, settings=settings(server)) as found:
            await found.create("asha")
            if code == b"450 ":
                await found.until("SELECT SUM(attempts) FROM deliveries", 2)
                found.pass_(seconds=5)
            await found.states("mail", delivered=1)
            await found.states("screen", delivered=1)
        assert [mail.recipients for mail in server.mails].count((BOSS,)) == 1
        others = [(DEPUTY,)] if code == b"450 " else []
        assert [mail.recipients for mail in server.mails] == [(BOSS,), *others]


@pytest.mark.parametrize("step", ["banner", "MAIL", "."])
async def test_what_a_server_quotes_stays_with_its_delivery(
    database: Database, step: str
) -> None:
    rules = RULES.replace("when: lead.created,", "when: [lead.created, 'destination.*'],")
    said = b"451-4.7.1 Subject: Zebra\r\n451 4.7.1 Reply-To: zebra@example.org"
    async with RawMailServer() as server:
        server.script(step, *[said] * 5)
        with structlog.testing.capture_logs() as logged:
            async with house(database, rules, settings=settings(server)) as found:
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


FIVE = ("a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com")


@pytest.mark.parametrize(
    "no_more",
    [
        b"452 4.5.3 Too many recipients",
        b"452 zu viele",
        b"552 5.5.3 enough",
        b"552 Too many recipients",
        b"550 5.5.3 too many",
        b"451 4.5.3 later",
    ],
)
async def test_whom_one_mail_does_not_take_the_next_one_does_at_once(
    database: Database, no_more: bytes
) -> None:
    async with RawMailServer() as server:
        taken = [b"250 ok"] * 2
        server.script("RCPT", *taken, no_more, *taken, no_more)
        rules = RULES.replace("boss@example.com", str(list(FIVE)).replace("'", ""))
        async with house(database, rules, settings=settings(server)) as found:
            await found.create("asha")
            await found.states("mail", delivered=1)
            assert await found.one(
                "SELECT attempts, error FROM deliveries WHERE destination = 'mail'"
            ) == (1, None)
    assert [mail.recipients for mail in server.mails] == [FIVE[:2], FIVE[2:4], FIVE[4:]]
    sent = [message_from_bytes(mail.content, policy=policy.default) for mail in server.mails]
    assert len({mail["message-id"] for mail in sent}) == 1
    assert {mail["to"] for mail in sent} == {", ".join(FIVE)}
    assert server.verbs().count("EHLO") == 1


@pytest.mark.parametrize("full", [b"452 4.2.2 mailbox full", b"552 5.2.2 mailbox full"])
async def test_a_full_mailbox_keeps_nobody_waiting(database: Database, full: bytes) -> None:
    async with RawMailServer() as server:
        server.script("RCPT b@example.com", full, full, b"250 ok")
        rules = RULES.replace("boss@example.com", str(list(FIVE[:3])).replace("'", ""))
        async with house(database, rules, settings=settings(server)) as found:
            await found.create("asha")
            state = "pending" if full.startswith(b"4") else "delivered"
            await found.states("mail", **{state: 1})
            await found.until(
                "SELECT error LIKE 'b@example.com: 127.0.0.1 answered _52 _.2.2: mailbox full'"
                " FROM deliveries WHERE destination = 'mail'",
                1,
            )
    assert [mail.recipients for mail in server.mails] == [("a@example.com", "c@example.com")]


async def test_who_had_the_first_of_several_mails_gets_it_once(database: Database) -> None:
    async with RawMailServer() as server:
        server.script("RCPT", b"250 ok", b"452 4.5.3 too many")
        server.script("MAIL", b"250 ok", *[b"451 4.7.0 not so fast"] * 2)
        async with house(database, TO_TWO, settings=settings(server)) as found:
            await found.create("asha")
            await found.until(
                "SELECT attempts, accepted FROM deliveries WHERE destination = 'mail'",
                *(1, f'["{BOSS}"]'),
            )
            found.pass_(seconds=5)
            await found.states("mail", delivered=1)
    assert [mail.recipients for mail in server.mails] == [(BOSS,), (DEPUTY,)]


async def test_too_many_for_the_first_of_all_is_tried_again(database: Database) -> None:
    async with RawMailServer() as server:
        server.script("RCPT", b"552 5.5.3 too many recipients today")
        async with house(database, RULES, settings=settings(server)) as found:
            await found.create("asha")
            await found.until("SELECT attempts FROM deliveries WHERE destination = 'mail'", 1)
            found.pass_(seconds=5)
            await found.states("mail", delivered=1)


TO_OWNERS = """
agents:
  agA: {name: Gone, email: gone@example.com}
  agB: {name: Here, email: here@example.com}
destinations:
  mail: {type: email, to: assignee, burst: null}
  screen: {type: console, burst: null}
rules:
  - {name: New, when: lead.created, send: mail}
  - {name: Trouble, when: "destination.*", send: screen}
"""
GONE, HERE = {"id": "agA", "name": "Gone"}, {"id": "agB", "name": "Here"}


@pytest.mark.parametrize(
    "refused", [b"452 4.2.2 mailbox full", b"450 later", b"550 5.1.1 gone"]
)
async def test_a_full_mailbox_is_no_trouble_of_the_destination(
    database: Database, refused: bytes
) -> None:
    async with RawMailServer() as server:
        server.script("RCPT gone@example.com", *[refused] * 50)
        async with house(database, TO_OWNERS, settings=settings(server)) as found:
            await found.read(*(lead(f"a{n}", assignee=GONE) for n in range(6)))
            await found.read(*(lead(f"b{n}", assignee=HERE) for n in range(2)))
            ended = "dead" if refused.startswith(b"5") else "pending"
            await found.states("mail", delivered=2, **{ended: 6})
            await found.until("SELECT MIN(attempts), MAX(attempts) FROM deliveries", 1, 1)
            found.pass_(minutes=6)
            await found.until(
                "SELECT MIN(attempts) FROM deliveries WHERE lane_key LIKE '%a_'",
                1 if ended == "dead" else 2,
            )
            await found.until("SELECT COUNT(*) FROM destinations WHERE state <> 'up'", 0)
            await found.until("SELECT COUNT(*) FROM events WHERE type LIKE 'destination.%'", 0)


async def test_a_mailbox_that_is_found_full_at_last_is_no_trouble_of_the_destination(
    database: Database,
) -> None:
    async with RawMailServer() as server:
        full = [b"452 4.2.2 over quota"] * 3
        server.script(".", *full, b"550 5.1.1 unknown", b"250 ok")
        async with house(database, TO_OWNERS, settings=settings(server)) as found:
            await found.read(*(lead(f"a{n}", assignee=GONE) for n in range(4)))
            await found.states("mail", pending=3, dead=1)
            await found.read(lead("b", assignee=HERE))
            await found.states("mail", pending=3, dead=1, delivered=1)
            await found.until("SELECT COUNT(*) FROM destinations WHERE state <> 'up'", 0)


async def test_a_probe_that_one_mailbox_refuses_is_followed_by_another_at_once(
    database: Database,
) -> None:
    async with RawMailServer() as server:
        server.script("RCPT gone@example.com", *[b"452 4.2.2 mailbox full"] * 50)
        server.script("banner", *[b"421 4.3.2 not now"] * 3)
        async with house(database, TO_OWNERS, settings=settings(server)) as found:
            await found.read(*(lead(f"a{n}", assignee=GONE) for n in range(6)))
            await found.stands("mail", "failing")
            await found.read(lead("b", assignee=HERE))
            found.pass_(seconds=5)
            await found.states("mail", delivered=1, pending=6)
            await found.stands("mail", "up")


async def test_a_mailbox_that_refuses_hides_no_trouble_of_the_destination(
    database: Database,
) -> None:
    async with RawMailServer() as server:
        server.script("RCPT gone@example.com", *[b"550 5.1.1 gone"] * 50)
        server.script(".", *[b"451 4.3.0 local error"] * 50)
        async with house(database, TO_OWNERS, settings=settings(server)) as found:
            for number in range(3):
                await found.read(lead(f"b{number}", assignee=HERE))
                await found.read(lead(f"a{number}", assignee=GONE))
            await found.stands("mail", "failing")
            await found.read(lead("a9", assignee=GONE))
            for _ in range(3):
                found.pass_(minutes=5)
            await found.states("mail", dead=4, pending=3)
            await found.stands("mail", "failing")
            await found.until("SELECT COUNT(*) FROM events WHERE type = 'destination.down'", 1)


HOURLY = TO_OWNERS.replace("send: mail}", "send: mail, digest: 1h}")


@pytest.mark.parametrize(
    ("refused", "ends"),
    [
        (b"452 4.2.2 mailbox full", "pending pending delivered"),
        (b"550 5.1.1 gone", "dead dead delivered"),
    ],
)
async def test_of_a_digest_each_lead_ends_as_its_own_recipient_answered(
    database: Database, refused: bytes, ends: str
) -> None:
    async with RawMailServer() as server:
        server.script("RCPT gone@example.com", refused)
        async with house(database, HOURLY, settings=settings(server)) as found:
            await found.read(*(lead(f"a{n}", assignee=GONE) for n in range(2)))
            await found.read(lead("b", assignee=HERE))
            found.pass_(hours=1)
            await found.each(ends)
            errors = await found.rows("SELECT error LIKE 'gone@%' FROM deliveries ORDER BY id")
            assert errors == [(1,), (1,), (None,)]
            found.pass_(seconds=6)
            if ends.startswith("pending"):
                await found.each("delivered delivered delivered")
    others = [("gone@example.com",)] if ends.startswith("pending") else []
    assert [mail.recipients for mail in server.mails] == [("here@example.com",), *others]


async def test_of_a_summary_each_person_gets_the_count_of_their_own(database: Database) -> None:
    rules = TO_OWNERS.replace("burst: null}\n  screen", "burst: {limit: 1, per: 5m}}\n  screen")
    async with (
        RawMailServer() as server,
        house(database, rules, settings=settings(server)) as found,
    ):
        await found.read(lead("first", assignee=HERE))
        await found.states("mail", delivered=1)
        await found.read(*(lead(f"a{n}", assignee=GONE) for n in range(3)))
        await found.read(lead("b", assignee=HERE))
        await found.until("SELECT COUNT(*) FROM deliveries WHERE held = 'burst'", 4)
        found.pass_(minutes=5)
        await found.states("mail", delivered=5)
    sent = [message_from_bytes(mail.content, policy=policy.default) for mail in server.mails]
    assert [(mail["to"], mail["subject"]) for mail in sent[1:]] == [
        ("gone@example.com", "3 new leads (3 messages)"),
        ("here@example.com", "New lead: b"),
    ]
