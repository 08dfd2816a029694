"""Pages with bad rows and pages that are none, down the real road: what comes of them."""

import json
from pathlib import Path

from fuzz.answers import Answer, whole
from fuzz.good import row
from fuzz.house import House, house
from support.virtual_time import run

MANY = 250_000


def events(built: House, name: str) -> list[dict[str, str]]:
    """Return the log lines of an event."""
    lines = [json.loads(line) for line in built.log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == name]


def test_good_leads_beside_bad_rows_are_told_and_the_bad_ones_in_few_lines(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with house(tmp_path, destinations={}) as built:
            good = [row(f"good-{number}") for number in range(40)]
            built.listings["good"] = [*good, *({"n": number} for number in range(30))]
            for again in range(3):  # the same page again and again says nothing more
                await built.tells(f"told-{again}")
            assert {f"good-{number}" for number in range(40)} <= built.told
            reasons = [line["reason"] for line in events(built, "record_quarantined")]
            assert reasons == ["the record has no text in _id"] * 10 + ["20 more on one page"]
            assert built.rows("SELECT COUNT(*), SUM(count) FROM quarantine") == [(11, 30)]

    run(main())


def test_a_page_with_a_quarter_of_a_million_leads_is_a_failed_request(tmp_path: Path) -> None:
    leads = b",".join(b'{"_id":"%d"}' % number for number in range(MANY))

    async def main() -> None:
        async with house(tmp_path, destinations={}, bots=1) as built:
            built.odd_pages = [_listed(leads), _listed(b"{}," * 100_000 + b"{}")]
            built.listings["odd0"] = [row("after")]
            await built.until(
                built.receiver, lambda: "after" in built.told, "the source did not recover"
            )
            errors = [line["error"] for line in events(built, "poll_failed")]
            assert len(errors) == 2
            assert all("more than any page of a listing has" in error for error in errors)
            assert built.rows("SELECT COUNT(*) FROM records") == [(1,)]
            assert built.rows("SELECT COUNT(*) FROM quarantine") == [(0,)]

    run(main())


def _listed(rows: bytes) -> Answer:
    return whole(b'{"success":true,"data":[' + rows + b"]}")
