"""``doctor``: everything outside is tried for real, and each fault has its remedy."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from notifier.cli.context import configuration, environment
from notifier.cli.doctor_clicks import check_clicks
from notifier.cli.doctor_destinations import check_destination
from notifier.cli.doctor_host import check_host
from notifier.cli.doctor_listing import Upstream, check_source
from notifier.cli.doctor_waits import ALLOWED_A_MINUTE, check_waits
from notifier.cli.exits import Exit
from notifier.cli.findings import Finding, Verdict, doubtful, show, wrong
from notifier.cli.request_log import request_log
from notifier.clocks import Clocks
from notifier.configuration.destinations import build_destinations
from notifier.configuration.load import Configuration
from notifier.service.budgets import budgets
from notifier.store import health, outlooks
from notifier.store.opening import engine_at
from notifier.upstream.budget import token_key
from notifier.upstream.client import Client

app = typer.Typer()


@app.command()
def doctor(
    *,
    send: Annotated[
        bool, typer.Option("--send", help="Post a signed sample to every webhook.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for programs.")
    ] = False,
) -> None:
    """Try token, listing, destinations, database and clock; exit 1 where one is wrong.

    Works while the service runs, and within the same request budget.
    """
    findings = asyncio.run(_findings(configuration(), send=send))
    show(findings, as_json=as_json)
    if any(one.verdict is Verdict.WRONG for one in findings):
        raise typer.Exit(Exit.FAILED)


async def _findings(config: Configuration, *, send: bool) -> list[Finding]:
    database, given = engine_at(config.settings.database), environment()
    # Not beside the others: of two that open a restored database at once, one is refused.
    home = await asyncio.to_thread(
        check_host, database, given, Path.cwd() / ".env", config.ruleset.agents
    )
    upstream, places = await asyncio.gather(_upstream(config), _places(config, send=send))
    clicks = [found async for found in check_clicks(config.settings, database)]
    return [*upstream, *places, *clicks, *home]


async def _upstream(config: Configuration) -> list[Finding]:
    settings, clocks = config.settings, Clocks()
    timeout_s = settings.request_timeout.total_seconds()
    async with (
        request_log(engine_at(settings.database)) as store,
        Client(settings.base_url, timeout_s=timeout_s) as client,
    ):
        upstream = Upstream(
            client=client,
            budget=budgets(store, settings, clocks),
            rate_limit=settings.rate_limit,
            sweeps=bool(settings.sweep_interval),
        )
        found = await asyncio.gather(*(check_source(one, upstream) for one in config.sources))
        used = await store.read(health.requests_made, monotonic_ms=clocks.monotonic_ms())
        kept = await store.read(outlooks.of_listings)
    listings = (one for each in found for one in each)
    return [*listings, *check_waits(config, kept), *_rates(config, used)]


def _rates(config: Configuration, used: dict[str, int]) -> Iterator[Finding]:
    """Yield for each token how much of its minute is used, and how much polls need."""
    settings = config.settings
    users: dict[str, list[str]] = defaultdict(list)
    listings: dict[str, int] = defaultdict(int)
    for spec in config.sources:
        assert spec.token is not None
        key = token_key(spec.token)
        users[key].append(spec.source.name)
        listings[key] += len(spec.types)
    for key, names in users.items():
        needed = listings[key] * 60 / settings.poll_interval.total_seconds()
        check = f"{', '.join(names)}: rate"
        found = (
            f"{used.get(key, 0)} of {settings.rate_limit} requests used in the last minute; "
            f"polls need {needed:.0f}"
        )
        if needed > settings.rate_limit:
            yield wrong(check, found, "lengthen NOTIFIER_POLL_INTERVAL")
        elif settings.rate_limit > ALLOWED_A_MINUTE:
            remedy = f"the API allows {ALLOWED_A_MINUTE}: lower NOTIFIER_RATE_LIMIT"
            yield doubtful(check, found, remedy)
        else:
            yield Finding(check=check, found=found)


async def _places(config: Configuration, *, send: bool) -> list[Finding]:
    rules = config.ruleset
    destinations = build_destinations(
        config.settings, rules, now=lambda: datetime.now(UTC), out=sys.stderr
    )
    try:
        found = await asyncio.gather(
            *(
                check_destination(one, rules.destinations[name], rules, send=send)
                for name, one in destinations.items()
            )
        )
    finally:
        for one in destinations.values():
            await one.aclose()
    return [finding for each in found for finding in each]
