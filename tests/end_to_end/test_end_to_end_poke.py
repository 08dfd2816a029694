"""A poke brings a change to its webhook long before the next poll is due."""

from signal import SIGHUP

import httpx
from installation import MARKER, installation
from test_end_to_end_monitoring import address

from support.databases import Database

SECRET = f"poke-{MARKER}"


async def test_a_change_is_told_at_once_at_an_interval_of_a_day(database: Database) -> None:
    async with (
        installation(
            database,
            NOTIFIER_HTTP="127.0.0.1:0",
            NOTIFIER_POKE_SECRET=SECRET,
            NOTIFIER_POLL_INTERVAL="1d",
            NOTIFIER_SWEEP_INTERVAL="0",
        ) as installed,
        installed.program.running("run") as process,
    ):
        # A day lies between this poll and the next one by the clock: no test waits for it.
        await process.says('"walk": "head"')
        async with httpx.AsyncClient(
            base_url=address(process), trust_env=False, verify=False
        ) as client:
            installed.world.create(name="Asha")
            assert (await client.post(f"/poke/{SECRET}")).status_code == 204
            await process.until(installed.receiver.arrived(1))

            installed.world.create(name="Binod")
            body = {"name": "Binod", "event": "lead"}
            poked = await client.post(f"/poke/{SECRET}/default", json=body)
            assert poked.status_code == 204
            await process.until(installed.receiver.arrived(2))

            process.send(SIGHUP)
            await process.says('"reloaded"')
            installed.world.create(name="Chitra")
            assert (await client.post(f"/poke/{SECRET}")).status_code == 204
            await process.until(installed.receiver.arrived(3))

            assert (await client.post(f"/poke/{SECRET}/website")).status_code == 404
            assert (await client.post(f"/poke/{SECRET[:-1]}")).status_code == 404
            assert (await client.get(f"/poke/{SECRET}")).status_code == 405
        assert await process.stop() == 0
    # That the secret stands in no output and no database is looked at by the installation.
