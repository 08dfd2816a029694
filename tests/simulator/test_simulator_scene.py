"""The demo's opening: every kind of change within half a minute."""

from datetime import UTC, datetime

from notifier.simulator.people import AGENTS
from notifier.simulator.scene import opening
from notifier.simulator.world import World

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_one_of_everything_happens_within_half_a_minute() -> None:
    world = World(clock=lambda: NOON)
    older, old = world.populate(2)
    slept: list[float] = []
    seen: list[tuple[object, object]] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        row = world.row(world.ids()[-1])
        seen.append((row["status"], row.get("_agentAssigned")))

    await opening(world, sleep=sleep)
    assert sum(slept) <= 30
    kofi = world.row(world.ids()[-1])
    assert kofi["profile"]["userDetails"]["name"] == "Kofi Mensah"
    assert len({agent for _, agent in seen}) == 3
    asha, ingrid = AGENTS[0].id, AGENTS[1].id
    assert list(dict.fromkeys(seen)) == [
        ("OPEN", None),
        ("INPROGRESS", asha),
        ("INPROGRESS", ingrid),
    ]
    assert kofi["status"] == world.row(old)["status"] == "CLOSED"
    assert world.row(older)["_agentAssigned"] is None
