"""What an operator is promised first: a silent start, then one alert a change, everywhere."""

from collections import Counter

from installation import CHANNEL, HOOK_PATH, Installation, installation

from support.databases import Database

ASHA, INGRID = "631aa793bcfa100487d13d0d", "631aa7b1bcfa100487d13d21"


async def test_every_change_is_told_once_everywhere_and_noise_never(database: Database) -> None:
    async with installation(database, send=("crm", "sales", "boss")) as installed:
        before = prepared(installed)
        async with installed.program.running("run") as process:
            await installed.polled(process)
            nothing_was_told(installed)

            expected = changed(installed, *before)
            await process.until(installed.receiver.arrived(8))
            await process.until(installed.mail.arrived(8))
            await process.until(installed.slack.called(8))
            assert told_by_webhook(installed) == Counter(expected)
            assert sizes_of_threads(installed) == [1] * 8

            installed.world.noise(30)
            installed.world.noise(30, touch=False)
            installed.world.change(before[0], updatedAt="2031-01-01T00:00:00.000Z")
            await installed.polled(process)
            assert len(installed.rows("SELECT * FROM deliveries")) == 24
            assert await process.stop() == 0
        assert len(installed.receiver.requests) == 8
        assert len(installed.mail.mails) == 8
        assert len(installed.slack.calls) == 8
        ended = installed.rows("SELECT DISTINCT state, attempts FROM deliveries")
        assert ended == [("delivered", 1)]


async def test_what_follows_stands_in_the_leads_own_thread(database: Database) -> None:
    async with installation(database, send=("sales", "boss")) as installed:
        async with installed.program.running("run") as process:
            await installed.polled(process)
            lead_id = installed.world.create(name="Asha")
            await process.until(installed.mail.arrived(1))
            await process.until(installed.slack.called(1))
            installed.world.change(lead_id, status="CLOSED")
            await process.until(installed.mail.arrived(2))
            await process.until(installed.slack.called(3))  # the card is brought up to date
            assert await process.stop() == 0
        assert sizes_of_threads(installed) == [2]
        assert "CLOSED" in str(installed.slack.posts(CHANNEL)[0]["blocks"])
        first, second = (mail.message for mail in installed.mail.accepted)
        assert second["in-reply-to"] == first["message-id"]
        assert first["message-id"] in second["references"]


def prepared(installed: Installation) -> tuple[str, str, str, str, str]:
    """Return the ids of five leads: two open (one old), one free, two in Asha's hands."""
    world = installed.world
    old, new, free, taken, held = world.ids()[0], *world.ids()[-4:]
    world.change(old, status="OPEN", updatedAt="2020-01-01T00:00:00.000Z")
    world.change(new, status="OPEN")
    for lead_id, agent in ((free, None), (taken, ASHA), (held, ASHA)):
        world.assign(lead_id, agent)
    assert old in {row["_id"] for row in world.page(3, size=20)}
    return old, new, free, taken, held


def changed(  # noqa: PLR0917
    installed: Installation, old: str, new: str, free: str, taken: str, held: str
) -> set[tuple[str, str]]:
    """Let eight things happen, each to another lead; return subjects and types."""
    world = installed.world
    created = [world.create(name=name) for name in ("Asha", "Bjørn", "千代")]
    world.change(old, status="CLOSED")
    world.change(new, status="REVIEW")
    world.assign(free, ASHA)
    world.assign(taken, INGRID)
    world.assign(held, None)
    return {
        *((lead_id, "lead.created") for lead_id in created),
        (old, "lead.status_changed"),
        (new, "lead.status_changed"),
        (free, "lead.assigned"),
        (taken, "lead.reassigned"),
        (held, "lead.unassigned"),
    }


def nothing_was_told(installed: Installation) -> None:
    assert installed.rows("SELECT COUNT(*) FROM records") == [(45,)]
    assert installed.rows("SELECT * FROM events") == []
    assert installed.receiver.requests == []
    assert installed.slack.calls == []
    assert installed.mail.mails == []


def told_by_webhook(installed: Installation) -> Counter[tuple[str, str]]:
    requests = installed.receiver.received
    assert {request.path for request in requests} == {HOOK_PATH}
    return Counter((request.event["subject"], request.event["type"]) for request in requests)


def sizes_of_threads(installed: Installation) -> list[int]:
    """Return how many messages each thread of the channel has, its first included."""
    posts = installed.slack.posts(CHANNEL)
    return sorted(Counter(post.get("thread_ts") or post["ts"] for post in posts).values())
