"""Names of time zones, and which one a person meant who wrote something else."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

# Where several countries use one abbreviation, the zone with the most people; where a
# country has several zones, its biggest city's. A suggestion, never a reading.
USUAL = {
    "Asia/Kolkata": "ist|indian|indian standard time|mumbai|delhi|new delhi|bangalore|bengaluru"
    "|bombay|chennai|hyderabad|pune",
    "Asia/Karachi": "pkt",
    "Asia/Kathmandu": "npt",
    "Asia/Dubai": "gst|uae|abu dhabi",
    "Asia/Singapore": "sgt",
    "Asia/Hong_Kong": "hkt",
    "Asia/Jakarta": "wib",
    "Asia/Manila": "pht",
    "Asia/Tokyo": "jst",
    "Asia/Seoul": "kst|korea",
    "Australia/Sydney": "aest|aedt|au|australia",
    "Australia/Perth": "awst",
    "Europe/Moscow": "msk|russia",
    "Europe/London": "bst|uk|england|britain|great britain|united kingdom",
    "Europe/Berlin": "cest|mez|mesz",
    "Europe/Helsinki": "eest",
    "Africa/Nairobi": "eat",
    "Africa/Lagos": "wat",
    "Africa/Johannesburg": "sast",
    "America/Sao_Paulo": "brt|br|brazil",
    "America/Toronto": "ca|canada",
    "America/New_York": "et|edt|us|usa|america|united states|eastern",
    "America/Chicago": "ct|cst|cdt|central",
    "America/Denver": "mt|mdt|mountain",
    "America/Los_Angeles": "pt|pst|pdt|pacific",
}
INDIAN_OFFSET = re.compile(r"(?:utc|gmt|ist)?\s*\+0?5:?30")


def meant_zone(text: str) -> str:
    """Return ``; did you mean `Asia/Kolkata`?`` for a country, a city or ``IST``."""
    name = text.strip().casefold().replace("_", " ")
    places = _places()
    (found, *_) = [
        *(["ist"] if INDIAN_OFFSET.fullmatch(name) else []),
        *([name] if name in places else []),
        *get_close_matches(name, places, n=1, cutoff=0.8),
        "",
    ]
    if found:
        return f"; did you mean `{places[found]}`?"
    return "; zones have names such as Asia/Kolkata"


def main_zones() -> list[str]:
    """Return the zone names that tzdata puts before people, without old aliases."""
    return [zone for _, _, zone, *_ in _rows("zone.tab")]


@cache
def _places() -> dict[str, str]:
    """Return zones by their names, cities and countries, all in small letters."""
    countries = dict(row[:2] for row in _rows("iso3166.tab"))
    found: dict[str, str] = {}
    for code, _, zone, *_ in _rows("zone.tab"):
        found.setdefault(code.casefold(), zone)
        found.setdefault(countries[code].casefold(), zone)
    for zone in (*main_zones(), *sorted(available_timezones())):
        words = zone.casefold().replace("_", " ")
        found[words] = zone
        found.setdefault(words.rpartition("/")[2], zone)
    return found | {word: zone for zone, words in USUAL.items() for word in words.split("|")}


def _rows(table: str) -> Iterator[list[str]]:
    text = files("tzdata").joinpath("zoneinfo", table).read_text(encoding="utf-8")
    yield from (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
