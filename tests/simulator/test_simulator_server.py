import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from notifier.simulator.faults import Fault, FaultType
from notifier.simulator.server import Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROW_KEYS = {
    "_id", "uuid", "isOnline", "status", "websiteVisits", "_agentAssigned", "lastMessage",
    "lastSeenAt", "profile", "createdAt", "updatedAt",
}  # fmt: skip
DETAIL_KEYS = {
    "name", "picture", "contact", "city", "country", "gender", "tags", "attributes"
}  # fmt: skip


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    world = World(clock=lambda: NINE, seed=7)
    world.populate(45)
    world.populate(3, listing_type="non-lead")
    async with Simulator(world, token="right", page_size=20) as running:
        yield running


async def ask(
    simulator: Simulator, *, token: str | None = "right", **query: str | None
) -> httpx.Response:
    whole = {"botId": BOT_ID, "customerId": CUSTOMER_ID, "page": "1", "type": "lead", **query}
    params = {name: value for name, value in whole.items() if value is not None}
    headers = {"x-bot-token": token} if token else {}
    async with httpx.AsyncClient(
        base_url=simulator.url, trust_env=False, verify=False
    ) as client:
        return await client.get("/inbox/direct/chats", params=params, headers=headers)


async def rows(simulator: Simulator, **query: str) -> list[dict[str, Any]]:
    answer = await ask(simulator, **query)
    assert answer.status_code == 200
    listed: list[dict[str, Any]] = answer.json()["data"]
    return listed


async def test_a_page_has_the_envelope_of_the_api_page(simulator: Simulator) -> None:
    answer = await ask(simulator)
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert (body["success"], body["message"], body["code"]) == (True, "ok", 200)
    assert len(body["data"]) == 20


async def test_the_rows_use_every_key_of_the_api_page_and_no_other(
    simulator: Simulator,
) -> None:
    listed = [row for page in "123" for row in await rows(simulator, page=page)]
    details = [row["profile"]["userDetails"] for row in listed]
    contacts = [entry["contact"] for entry in details]
    phones = [contact["phone"] for contact in contacts if "phone" in contact]
    notes = [note for row in listed for note in row["profile"]["notes"]]
    assert set().union(*listed) == ROW_KEYS
    assert set().union(*(row["profile"] for row in listed)) == {"notes", "userDetails"}
    assert set().union(*(row["lastMessage"] for row in listed)) == {"at", "by", "text"}
    assert set().union(*details) == DETAIL_KEYS
    assert set().union(*contacts) == {"email", "phone"}
    assert set().union(*phones) == {"number", "prefix"}
    assert set().union(*notes) == {"_id", "title", "description"}


async def test_pages_follow_each_other_and_end_in_an_empty_one(simulator: Simulator) -> None:
    pages = [await rows(simulator, page=page) for page in "1234"]
    assert [len(page) for page in pages] == [20, 20, 5, 0]
    assert len({row["_id"] for page in pages for row in page}) == 45


async def test_leads_and_non_leads_are_two_listings(simulator: Simulator) -> None:
    leads = await rows(simulator, type="lead")
    chats = await rows(simulator, type="non-lead")
    assert len(chats) == 3
    assert not {row["_id"] for row in leads} & {row["_id"] for row in chats}


@pytest.mark.parametrize(
    "query",
    [
        {"botId": None},
        {"customerId": None},
        {"page": None},
        {"type": None},
        {"botId": "nobody"},
        {"customerId": "nobody"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "one"},
        {"page": "²"},
        {"type": "chat"},
    ],
    ids=str,
)
async def test_missing_and_invalid_parameters_are_answered_with_400(
    simulator: Simulator, query: dict[str, str | None]
) -> None:
    answer = await ask(simulator, **query)
    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "message": "Bad request / invalid parameters",
        "code": 400,
    }


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_a_missing_or_wrong_token_is_answered_with_401(
    simulator: Simulator, token: str | None
) -> None:
    answer = await ask(simulator, token=token)
    assert answer.status_code == 401
    assert answer.json() == {"success": False, "message": "Unauthorized request", "code": 401}


async def test_the_date_header_is_the_worlds_clock(simulator: Simulator) -> None:
    answer = await ask(simulator)
    assert parsedate_to_datetime(answer.headers["date"]) == NINE


async def test_more_requests_than_the_limit_wait_out_their_minute() -> None:
    now_s = 1000.0
    world = World(clock=lambda: NINE)
    async with Simulator(
        world, token="right", per_minute=2, monotonic=lambda: now_s
    ) as simulator:
        assert (await ask(simulator)).status_code == 200
        now_s = 1020.0
        assert (await ask(simulator)).status_code == 200
        now_s = 1030.0
        refused = await ask(simulator)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        now_s = 1060.0
        assert (await ask(simulator)).status_code == 200
        assert simulator.requests.busiest() == 3
        assert simulator.requests.by_status() == {200: 3, 429: 1}


async def test_every_request_is_logged_as_it_was_asked(simulator: Simulator) -> None:
    await ask(simulator, page="2")
    await ask(simulator, page="x", type="non-lead")
    await simulator.requests.reached(2)
    assert [(r.page, r.listing_type, r.status) for r in simulator.requests.all()] == [
        ("2", "lead", 200),
        ("x", "non-lead", 400),
    ]


async def test_it_is_seen_how_many_requests_were_under_way_at_once(
    simulator: Simulator,
) -> None:
    await ask(simulator)
    await ask(simulator)
    assert simulator.requests.most_at_once == 1
    simulator.faults.arm(Fault(fault_type=FaultType.DRIPPED_BODY, interval_s=0.0))
    await asyncio.gather(ask(simulator), ask(simulator))
    assert simulator.requests.most_at_once == 2


async def test_every_token_has_a_limit_of_its_own() -> None:
    world = World(clock=lambda: NINE)
    async with Simulator(world, token="one", other_tokens=["two"], per_minute=1) as simulator:
        statuses = [
            (await ask(simulator, token=token)).status_code
            for token in ("one", "one", "two", "two", "three")
        ]
    assert statuses == [200, 429, 200, 429, 401]


async def test_the_world_can_change_between_two_pages() -> None:
    world = World(clock=lambda: NINE)
    first, second = world.create(), world.create()

    def shift(page: int, _kind: str) -> None:
        if page == 2:
            world.create()

    async with Simulator(world, token="right", page_size=1, before_page=shift) as simulator:
        pages = [await rows(simulator, page=page) for page in "123"]
    assert [page[0]["_id"] for page in pages] == [second, second, first]
