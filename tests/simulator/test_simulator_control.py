from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from notifier.simulator.server import Simulator
from notifier.simulator.world import World

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Levers:
    """What a script in another process does: JSON in, JSON out."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, name: str) -> Any:
        return (await self._client.get(name)).raise_for_status().json()

    async def post(self, name: str, **body: Any) -> Any:
        return (await self._client.post(name, json=body)).raise_for_status().json()

    async def refused(self, name: str, **body: Any) -> tuple[int, str]:
        answer = await self._client.post(name, json=body)
        return answer.status_code, answer.json()["error"]


@pytest.fixture
async def levers() -> AsyncIterator[Levers]:
    world = World(clock=lambda: NINE)
    async with (
        Simulator(world) as simulator,
        httpx.AsyncClient(
            base_url=f"{simulator.url}/_control/", trust_env=False, verify=False
        ) as client,
    ):
        yield Levers(client)


async def test_the_state_tells_what_there_is_and_what_was_asked(levers: Levers) -> None:
    assert await levers.get("state") == {
        "now": "2026-03-02T09:00:00.000Z",
        "leads": 0,
        "non_leads": 0,
        "order": "updated-desc",
        "page_size": 20,
        "per_minute": 100,
        "faults": [],
        "requests": {"total": 0, "by_status": {}, "busiest_minute": 0},
    }
    assert await levers.get("requests") == []


async def test_leads_are_made_given_and_spread_over_the_past(levers: Levers) -> None:
    made = await levers.post("leads", count=2, fields={"country": "India"})
    given = await levers.post("leads", row={"_id": "x", "status": 7}, type="non-lead")
    old = await levers.post("leads", count=1, over_s=86400)
    row = await levers.get(f"leads/{made['ids'][1]}")
    assert row["profile"]["userDetails"]["country"] == "India"
    assert await levers.get(f"leads/{given['ids'][0]}") == {"_id": "x", "status": 7}
    assert (await levers.get(f"leads/{old['ids'][0]}"))["createdAt"] < row["createdAt"]
    state = await levers.get("state")
    assert (state["leads"], state["non_leads"]) == (3, 1)


async def test_everything_that_happens_to_a_lead_can_be_made_to_happen(levers: Levers) -> None:
    lead = (await levers.post("leads", type="non-lead", fields={"email": "a@b.example"}))[
        "ids"
    ][0]
    await levers.post("convert", id=lead)
    await levers.post("assign", id=lead, agent="agent-1")
    await levers.post("say", id=lead, text="Hei!")
    await levers.post("change", id=lead, fields={"status": "CLOSED"}, omit=["email"])
    assert await levers.post("noise") == [lead]
    row = await levers.get(f"leads/{lead}")
    assert row["status"] == "CLOSED"
    assert row["_agentAssigned"] == "agent-1"
    assert row["lastMessage"]["text"] == "Hei!"
    assert row["websiteVisits"] == 2
    assert "email" not in row["profile"]["userDetails"]["contact"]
    await levers.post("delete", id=lead)
    assert (await levers.get("state"))["leads"] == 0


async def test_order_settings_and_faults_are_switched(levers: Levers) -> None:
    await levers.post("order", order="unordered")
    await levers.post("settings", page_size=3, per_minute=None)
    await levers.post("settings")
    await levers.post("faults", kind="status", status=503, times=None, page=2)
    state = await levers.get("state")
    assert (state["order"], state["page_size"], state["per_minute"]) == ("unordered", 3, None)
    assert [(f["kind"], f["status"], f["page"]) for f in state["faults"]] == [
        ("status", 503, 2)
    ]
    await levers.post("clear")
    assert (await levers.get("state"))["faults"] == []


async def test_mistakes_are_told(levers: Levers) -> None:
    status, error = await levers.refused("faults", kind="hagn")
    assert (status, "hagn" in error) == (400, True)
    status, error = await levers.refused("leads", cuont=3)
    assert (status, "cuont" in error) == (400, True)
    assert await levers.refused("convert", id="x") == (404, "nothing is called 'x'")
    status, error = await levers.refused("leads", row={"_id": 5})
    assert (status, "_id is text" in error) == (400, True)
