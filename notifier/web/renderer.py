"""Templates → pages. Whatever a template prints is text: nothing in it is obeyed.

A viewer's templates hide phone numbers and mail addresses in all that they print, but in
what the functions of this module made.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from notifier.core.masking import masked
from notifier.core.rows import iso_of_ms, moment_of
from notifier.messages.facts import duration, number
from notifier.web.bidi import shown
from notifier.web.sessions import Role
from notifier.web.visit import Visit

PAGES = (
    ("/", "Now"),
    ("/leads", "Leads"),
    ("/deliveries", "Deliveries"),
    ("/response", "Response"),
    ("/rules", "Rules"),
    ("/destinations", "Destinations"),
    ("/acts", "Acts"),
)
FOLDER = Path(__file__).parent
HTML = "text/html"
JUST_NOW_MS = 1_000
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class Renderer:
    """Renders pages, with times as the people of this zone read them."""

    def __init__(self, *, zone: tzinfo, now_ms: Callable[[], int]) -> None:
        self._zone = zone
        self._now_ms = now_ms
        self._environments = {role: self._environment(role) for role in Role}

    def page(
        self, template: str, visit: Visit | None, *, status: int = 200, **values: Any
    ) -> web.Response:
        """Return a page; without a ``visit`` it is for who is not signed in."""
        role = visit.session.role if visit else Role.VIEWER
        text = (
            self._environments[role]
            .get_template(template)
            .render(visit=visit, now_ms=self._now_ms(), **values)
        )
        return web.Response(text=text, status=status, content_type=HTML)

    def when(self, at_ms: int | None) -> Markup:
        """Return a moment as it lies from now, the exact one beside it."""
        if at_ms is None:
            return Markup("–")
        local = moment_of(at_ms).astimezone(self._zone)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            iso_of_ms(at_ms), exact(local), relative(at_ms - self._now_ms())
        )

    def clock(self, at_ms: int) -> Markup:
        """Return ``Mon 10:00``."""
        local = moment_of(at_ms).astimezone(self._zone)
        return escape(f"{local:%a %H:%M}")

    def _environment(self, role: Role) -> Environment:
        made = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_hiding if role is Role.VIEWER else _showing,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.globals |= {
            "when": self.when,
            "clock": self.clock,
            "url": url,
            "lasting": lasting,
            "pages": PAGES,
        }
        made.filters |= {
            "number": _number,
            "pieces": pieces,
            "capital": capital,
            "anchor": anchor,
        }
        return made


def exact(local: datetime) -> str:
    """Return ``Mon 2 Mar 2026, 10:00:31 IST``."""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}".rstrip()


def relative(from_now_ms: int) -> str:
    """Return ``3 min ago`` or ``in 2 h``: one unit, since the exact time is beside it."""
    seconds = abs(from_now_ms) / 1000
    if abs(from_now_ms) < JUST_NOW_MS:
        return "now"
    for length, unit in UNITS:
        if seconds >= length:
            said = f"{int(seconds // length)} {unit}"
            break
    return f"{said} ago" if from_now_ms < 0 else f"in {said}"


def lasting(milliseconds: float | None) -> Markup:
    """Return a length of time in words."""
    if milliseconds is None:
        return Markup("–")
    if milliseconds >= 10_000:
        return escape(duration(milliseconds / 1000))
    is_short = milliseconds < 1000
    return escape(f"{milliseconds:.0f} ms" if is_short else f"{milliseconds / 1000:.1f} s")


def pieces(text: str) -> list[str]:
    """Return what stands outside and inside of backticks, by turns."""
    return text.split("`")


def capital(text: str) -> str:
    """Return a sentence with its first letter large."""
    return text[:1].upper() + text[1:]


def anchor(name: str) -> Markup:
    """Return a name as the mark of a place within a page."""
    return escape(quote(name, safe=""))


def url(*parts: str, **fields: object) -> Markup:
    """Return an address on this page: parts of the path, then fields that are not empty."""
    path = "/" + "/".join(quote(part, safe="") for part in parts)
    given = {name: value for name, value in fields.items() if value not in (None, "")}
    return escape(f"{path}?{urlencode(given)}" if given else path)


def _number(value: int) -> Markup:
    # No phone number that a viewer's page would hide.
    return escape(number(value))


def _showing(value: object) -> object:
    return shown(value) if _is_words(value) else _printed(value)


@pass_context
def _hiding(context: Context, value: object) -> object:
    known: Iterable[str] = context.get("known") or ()
    return shown(masked(str(value), known)) if _is_words(value) else _printed(value)


def _is_words(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Markup)


def _printed(value: object) -> object:
    return "" if value is None else value
