"""Two hosts with networks of their own, and a cable that is pulled out.

``NOTIFIER_MEMBER_LONG=1`` leaves it out for longer.
"""

import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import httpx
from members_faults import LONG, for_s, server_folder
from members_hosts import DATABASE, Host, admit, host, ways
from members_site import LANES, SOURCES, site
from members_waiting import bots_of, polled_since, settled, until

from support.postgres import started

CLAIMED = 16  # at most, of a webhook destination
READY_S = 12.0
TAKEN_OVER_S = 15.0
CUT_S = 60.0 if LONG else 14.0
BACK_S = 20.0


async def test_a_host_whose_cable_to_the_database_is_cut_is_replaced_and_comes_back(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        one, two = (stack.enter_context(host(number)) for number in (1, 2))
        folder = stack.enter_context(server_folder())
        heard = ",".join(each.far(DATABASE) for each in (one, two))
        server = stack.enter_context(started(folder, listen_addresses=heard))
        admit(server, folder / "data")
        async with site(tmp_path, server) as found, AsyncExitStack() as members:
            for name, each in (("a", one), ("b", two)):
                way = await members.enter_async_context(ways(each, found.settings, found.url))
                found.program(name, **way).prefix = each.prefix
            a, b = [await members.enter_async_context(found.member(name)) for name in "ab"]
            await settled(found, a, 2)
            await b.until(answers(two, 200))
            orphans, cut_s = bots_of(found, b), time.monotonic()
            two.plug(DATABASE, into=False)
            found.happen(24)
            await b.until(answers(two, 503))
            assert time.monotonic() - cut_s < READY_S
            await until(found, a, lambda: polled_since(found, cut_s + 9.5) >= orphans)
            assert time.monotonic() - cut_s < TAKEN_OVER_S
            found.happen(24)
            await a.until(found.told_all())
            assert len(bots_of(found, a)) == SOURCES
            await for_s(cut_s + CUT_S - time.monotonic())
            two.plug(DATABASE, into=True)
            back_s = time.monotonic()
            await b.until(answers(two, 200))
            assert time.monotonic() - back_s < BACK_S
            await settled(found, a, 2)
            found.happen(24)
            await a.until(found.told_all())
            assert await b.stop() == 0
            assert await a.stop() == 0
            found.check()
            assert found.repeats <= LANES * CLAIMED


async def answers(one: Host, status: int) -> None:
    """Return once ``/readyz`` of a host answers so."""
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5)) as client:
        while (await client.get(one.ready_url, timeout=20)).status_code != status:
            pass
