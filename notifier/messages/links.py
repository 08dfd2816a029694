"""Links of ours in messages: to the page of a lead."""

from urllib.parse import quote

from notifier.core.records import Lead


def lead_page(public_url: str | None, lead: Lead | None) -> str | None:
    """Return where a lead is shown, ``None`` where nobody can look at the page."""
    if public_url is None or lead is None:
        return None
    return f"{public_url}/leads/{quote(lead.bot_id, safe='')}/{quote(lead.id, safe='')}"
