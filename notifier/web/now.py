"""Now: whether all is well, what needs somebody, and how the last day went."""

from aiohttp import web

from notifier.monitoring.health import troubles
from notifier.monitoring.sees_within import sentence
from notifier.store import health, pages_day
from notifier.store.pages_day import Day
from notifier.web.context import PageContext
from notifier.web.plots import Plot, plot
from notifier.web.visit import Visit
from notifier.web.words import line

LATEST = 15


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show how everything stands."""
    now_ms = context.services.clocks.now_ms()
    found = await context.reader.read(health.overview, now_ms=now_ms)
    judged = troubles(found, now_ms=now_ms, interval_ms=context.services.interval_ms)
    day = await context.cache.of(pages_day.day, now_ms=now_ms)
    happened = await context.reader.read(pages_day.latest, limit=LATEST)
    agents = context.services.rules().agents
    return context.page(
        "now.html",
        visit,
        overview=found,
        troubles=judged,
        seen=sentence(found.sources, interval_ms=context.services.interval_ms),
        plots=_plots(day),
        events=[line(one, agents) for one in happened],
    )


def _plots(day: Day) -> tuple[Plot, ...]:
    hours = day.hours_ms
    return (
        plot("events", "Events", hours, day.events, said=sum(day.events), unit="in 24 h"),
        plot(
            "delivered",
            "Delivered",
            hours,
            day.delivered,
            said=sum(day.delivered),
            unit="in 24 h",
        ),
        plot("waiting", "Waiting", hours, day.waiting, said=day.waiting[-1], unit="now"),
    )
