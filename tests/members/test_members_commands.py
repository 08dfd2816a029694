"""What people do reaches the member concerned, whichever they do it to."""

import time
from pathlib import Path
from signal import SIGHUP

import httpx
from members_site import SOURCES, rules_of, site
from members_waiting import BASELINES, bots_of, eventually, polled_since, two_members, until

from support.postgres import Server
from support.program import Process

SECRET = "sixteen-characters-or-more"
NEVER = {"NOTIFIER_POLL_INTERVAL": "1h", "NOTIFIER_SWEEP_INTERVAL": "0"}


async def test_a_poke_and_an_enabling_reach_whoever_holds_it(
    tmp_path: Path, postgresql_server: Server
) -> None:
    way = {"NOTIFIER_HTTP": "127.0.0.1:0", "NOTIFIER_POKE_SECRET": SECRET, **NEVER}
    async with (
        site(tmp_path, postgresql_server) as found,
        found.member("a", **way) as a,
        found.member("b", **NEVER) as b,
    ):
        log = found.simulator.requests
        await eventually(
            lambda: found.rows(BASELINES) == [(SOURCES,)] and found.shares("source") == [6, 6]
        )
        await poked(a)
        names = [f"crm{number}" for number in range(4)]
        for name in names:
            assert (
                await found.program("b").ends_here("destinations", "disable", name)
            ).code == 0
        found.happen(SOURCES)
        total = log.total
        await poked(a)
        await b.until(log.reached(total + SOURCES))
        for name in names:
            assert (
                await found.program("a").ends_here("destinations", "enable", name)
            ).code == 0
        await b.until(found.told_all())
        assert await a.stop() == await b.stop() == 0
        found.check()


async def poked(process: Process) -> None:
    """Poke all sources."""
    await process.says("http_listening")
    said = process.err + process.out
    port = said.rpartition('"event": "http_listening"')[0].rpartition('"port": ')[2]
    async with httpx.AsyncClient(verify=False) as client:
        url = f"http://127.0.0.1:{port.partition(',')[0]}/poke/{SECRET}"
        answer = await client.post(url)
        assert answer.is_success, answer.text


async def test_once_works_on_what_no_member_holds(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with site(tmp_path, postgresql_server) as found:
        alone = await found.program("c").ends("once")
        assert alone.code == 0, alone.err
        assert found.rows(BASELINES) == [(SOURCES,)]
        assert found.rows("SELECT COUNT(*) FROM members") == [(0,)]
        found.happen(SOURCES)
        assert (await found.program("c").ends("once")).code == 0
        assert found.told() == found.expected
        begun_s = time.monotonic()
        async with found.member("a", **NEVER) as a:
            await until(found, a, lambda: len(polled_since(found, begun_s)) == SOURCES)
            assert len(bots_of(found, a)) == SOURCES
            total = found.simulator.requests.total
            beside = await found.program("c").ends("once")
            assert beside.code == 0
            assert "leases_taken" not in beside.err
            assert found.simulator.requests.total == total
            assert await a.stop() == 0
        found.check()


async def test_members_with_other_rules_keep_what_they_have_and_status_says_so(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with two_members(tmp_path, postgresql_server) as (found, a, b):
        fewer = rules_of(list(found.world.bots)[1:])
        for host, process in (("a", a), ("b", b)):
            (found.program(host).folder / "rules.yaml").write_text(fewer, encoding="utf-8")
            process.send(SIGHUP)
            await process.until(process.says('"event": "reloaded"'))
            if host == "a":
                found.happen(24)
                await a.until(found.told_all())
                status = await found.program("a").ends_here("status")
                assert "not all members have the same rules" in status.out.lower()
        shares = {SOURCES // 2, SOURCES // 2 - 1}
        await until(found, a, lambda: set(found.shares("source")) == shares)
        assert await a.stop() == await b.stop() == 0
        found.check()
