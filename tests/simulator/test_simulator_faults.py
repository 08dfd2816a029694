import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from notifier.simulator.bad_answers import BAD_RECORDS
from notifier.simulator.faults import Fault, FaultType
from notifier.simulator.server import PATH, TOKEN, Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    world = World(clock=lambda: NINE)
    world.populate(5)
    async with Simulator(world, page_size=5) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=simulator.url,
        headers={"x-bot-token": TOKEN},
        trust_env=False,
        timeout=5,
        verify=False,
    ) as running:
        yield running


def query(page: int = 1) -> dict[str, str]:
    return {"botId": BOT_ID, "customerId": CUSTOMER_ID, "page": str(page), "type": "lead"}


async def ask(client: httpx.AsyncClient, page: int = 1) -> httpx.Response:
    return await client.get(PATH, params=query(page))


@pytest.mark.parametrize(
    ("status", "content_type"),
    [
        (400, "application/json"),
        (401, "application/json"),
        (403, "application/json"),
        (404, "application/json"),
        (429, "application/json"),
        (500, "text/html"),
        (502, "text/html"),
    ],
)
async def test_any_status_can_be_answered(
    simulator: Simulator, client: httpx.AsyncClient, status: int, content_type: str
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.STATUS, status=status))
    answer = await ask(client)
    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
    assert (await ask(client)).status_code == 200


@pytest.mark.parametrize(
    "spelling", ["7", "Mon, 02 Mar 2026 09:00:07 GMT", "-5", "soon", "", "99999999999"]
)
async def test_a_pause_is_spelled_as_told(
    simulator: Simulator, client: httpx.AsyncClient, spelling: str
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.STATUS, status=429, retry_after=spelling))
    assert (await ask(client)).headers["retry-after"] == spelling


@pytest.mark.parametrize(
    ("fault_type", "body"),
    [
        (FaultType.EMPTY_BODY, b""),
        (FaultType.NULL, b"null"),
        (FaultType.LIST, b"[]"),
        (FaultType.SUCCESS_FALSE, b'{"success":false,"message":"try later","code":200}'),
        (FaultType.NO_LIST, b'{"success":true,"message":"ok","code":200}'),
        (FaultType.NO_LEADS, b'{"success":true,"message":"ok","code":200,"data":[]}'),
    ],
)
async def test_a_200_can_carry_anything(
    simulator: Simulator, client: httpx.AsyncClient, fault_type: FaultType, body: bytes
) -> None:
    simulator.faults.arm(Fault(fault_type=fault_type))
    answer = await ask(client)
    assert (answer.status_code, answer.content) == (200, body)


async def test_html_can_come_with_a_200(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.HTML))
    answer = await ask(client)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


async def test_json_can_come_with_a_mark_and_with_keys_twice(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    good = (await ask(client)).content
    simulator.faults.arm(Fault(fault_type=FaultType.BOM))
    simulator.faults.arm(Fault(fault_type=FaultType.DUPLICATE_KEYS))
    assert (await ask(client)).content == b"\xef\xbb\xbf" + good
    doubled = (await ask(client)).content
    assert doubled.startswith(b'{"success":false,"data":[],"success":true')
    assert json.loads(doubled) == json.loads(good)


@pytest.mark.parametrize("fault_type", BAD_RECORDS)
async def test_a_bad_record_stands_among_good_ones(
    simulator: Simulator, client: httpx.AsyncClient, fault_type: FaultType
) -> None:
    good = (await ask(client)).content
    simulator.faults.arm(Fault(fault_type=fault_type))
    bad = (await ask(client)).content
    before, found, after = bad.partition(BAD_RECORDS[fault_type] + b",")
    assert found
    assert before + after == good


async def test_a_record_can_come_twice_with_different_content(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.REPEATED_ID))
    rows = (await ask(client)).json()["data"]
    assert len(rows) == 6
    assert rows[0]["_id"] == rows[5]["_id"]
    assert rows[5]["status"] == "CLOSED"


async def test_a_redirect_points_to_another_host(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.REDIRECT, location="http://other.test/"))
    answer = await ask(client)
    assert (answer.status_code, answer.headers["location"]) == (302, "http://other.test/")


async def test_an_endless_listing_has_new_records_on_every_page(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.ENDLESS, times=None))
    pages = [(await ask(client, page)).json()["data"] for page in (1, 2, 3, 3, 9999)]
    assert [len(page) for page in pages] == [5] * 5
    assert pages[2] == pages[3]
    assert len({row["_id"] for page in pages for row in page}) == 20


@pytest.mark.parametrize("fault_type", [FaultType.TRUNCATED_LENGTH, FaultType.TRUNCATED_CHUNK])
async def test_a_body_cut_short_breaks_the_protocol(
    simulator: Simulator, client: httpx.AsyncClient, fault_type: FaultType
) -> None:
    simulator.faults.arm(Fault(fault_type=fault_type))
    with pytest.raises(httpx.RemoteProtocolError):
        await ask(client)
    assert (await ask(client)).status_code == 200


async def test_a_body_cut_by_closing_looks_whole(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    good = (await ask(client)).content
    simulator.faults.arm(Fault(fault_type=FaultType.TRUNCATED_CLOSE))
    answer = await ask(client)
    assert (answer.status_code, answer.content) == (200, good[: len(good) // 2])


@pytest.mark.parametrize("fault_type", [FaultType.DRIPPED_HEAD, FaultType.DRIPPED_BODY])
async def test_a_dripped_answer_arrives_whole_in_the_end(
    simulator: Simulator, client: httpx.AsyncClient, fault_type: FaultType
) -> None:
    good = (await ask(client, 2)).content
    simulator.faults.arm(Fault(fault_type=fault_type, interval_s=0.0))
    answer = await ask(client, 2)
    assert (answer.status_code, answer.content) == (200, good)


async def test_a_bomb_is_small_on_the_wire_and_huge_when_opened(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.GZIP_BOMB, size_bytes=8_000_000))
    async with client.stream("GET", PATH, params=query()) as answer:
        opened = sum([len(chunk) async for chunk in answer.aiter_bytes()])
        assert opened > 8_000_000
        assert answer.num_bytes_downloaded < 20_000


async def test_a_huge_body_is_good_json(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.HUGE_BODY, size_bytes=3_000_000))
    answer = await ask(client)
    assert len(answer.content) > 3_000_000
    assert answer.json()["data"] == []


async def test_a_client_may_leave_a_huge_body_halfway(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.HUGE_BODY))
    async with client.stream("GET", PATH, params=query()) as answer:
        assert await anext(answer.aiter_raw())
    assert (await ask(client)).status_code == 200


@pytest.mark.parametrize(
    ("fault_type", "error"),
    [(FaultType.HANG, httpx.ReadTimeout), (FaultType.RESET, httpx.ReadError)],
)
async def test_an_answer_can_fail_to_come(
    simulator: Simulator,
    client: httpx.AsyncClient,
    fault_type: FaultType,
    error: type[Exception],
) -> None:
    simulator.faults.arm(Fault(fault_type=fault_type))
    with pytest.raises(error):
        await client.get(PATH, params=query(), timeout=0.1)
    assert (await ask(client)).status_code == 200
    assert [(r.status, r.fault) for r in simulator.requests.all()] == [
        (0, fault_type),
        (200, None),
    ]


async def test_a_request_that_is_refused_anyway_uses_up_no_fault(
    simulator: Simulator, client: httpx.AsyncClient
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.HTML))
    assert (await client.get(PATH)).status_code == 400
    assert len(simulator.faults.armed) == 1


async def test_a_hanging_client_does_not_keep_the_simulator_from_stopping(
    client: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.faults.arm(Fault(fault_type=FaultType.HANG))
    hanging = asyncio.create_task(ask(client))
    await simulator.requests.reached(1)
    await simulator.__aexit__(None, None, None)
    with pytest.raises(httpx.RemoteProtocolError):
        await hanging
