"""Lists that were written as one text: ``India, Nepal`` is the name of no country."""

import re

SEPARATORS = re.compile(r"\s*[,;|，、،؛｜]\s*")
# What visitors type, and what has commas of its own.
FREE = ("name", "assignee.name", "last_message", "last_message.text", "url", "picture")
# "Korea, Republic of", "Virgin Islands, British", "Portland, OR", "Washington, D.C."
TURNED = re.compile(
    r".*\bof(?: the)?|.*\bof China|the .*|British|U\.?S\.?|[A-Z]{2,3}|(?:[A-Z]\.)+", re.DOTALL
)
GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})+")  # one number: 1,000 or 1,00,000
PLACES = ("country", "city")
PLAIN = re.compile(r"[\w+][^\[\]{},:#\"'`]*")


def listed(key: str, text: str) -> list[str]:
    """Return the entries of what is most probably a list under this key, else nothing."""
    parts = SEPARATORS.split(text.strip())
    if len(parts) < 2 or not all(parts) or key in FREE or key.startswith("attributes."):
        return []
    if key in PLACES and len(parts) == 2 and TURNED.fullmatch(parts[-1]):
        return []
    if key == "email" and not all("@" in part for part in parts):
        return []
    return [] if GROUPED.fullmatch(text) else parts


def flow(parts: list[str]) -> str:
    """Return how a list of texts is written in YAML."""
    shown = (part if PLAIN.fullmatch(part) else f'"{part}"' for part in parts)
    return f"[{', '.join(shown)}]"
