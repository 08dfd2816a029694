"""What is as it should be: a listing's rows, a page of them, and rules for them."""

from collections.abc import Iterable, Mapping
from typing import Final

from notifier.core.rows import Json

GOOD_BOT: Final = "good"
GOOD: Final = "well"
LATER: Final = "2026-03-02T13:00:00.000Z"
TEMPLATE: Final = (
    'when: "lead.*", message: {title: "{{ lead.name }} {{ lead.tags | join }}", '
    'body: "{{ lead.attributes }} {{ lead.last_message.text }} {{ event.type }}"}'
)
DAY: Final = "2026-03-02T12:00:00.000Z"


def row(lead_id: str, **more: Json) -> dict[str, Json]:
    """Return a good row of a listing."""
    details = {
        "name": f"Visitor {lead_id}",
        "contact": {"email": "v@example.com", "phone": {"number": "98765", "prefix": "91"}},
        "city": "Pune",
        "country": "India",
        "tags": ["vip"],
        "attributes": [{"key": "Budget", "value": "1200"}],
    }
    return {
        "_id": lead_id,
        "uuid": f"u-{lead_id}",
        "status": "OPEN",
        "websiteVisits": 3,
        "_agentAssigned": None,
        "lastMessage": {"at": DAY, "by": "user", "text": "Hello"},
        "lastSeenAt": DAY,
        "profile": {"notes": [], "userDetails": details},
        "createdAt": DAY,
        "updatedAt": DAY,
        **more,
    }


def webhook(url: str) -> str:
    """Return the options of a webhook."""
    return f"{{type: webhook, url: {url}, secret: whsec_{'abcd' * 8}}}"


def page(*rows: Json) -> dict[str, Json]:
    """Return a good page of a listing."""
    return {"success": True, "message": "ok", "code": 200, "data": list(rows)}


def rules_text(
    url: str, destinations: Mapping[str, str], watched: Iterable[str], *, everything: bool
) -> str:
    """Return rules that send every lead well, and to the n-th destination leads of city n."""
    to_each = [
        f'  - {{name: To {name}, when: "lead.*", if: {{city: "{number}"}}, send: {name}}}'
        for number, name in enumerate(destinations)
    ]
    to_all = [f"  - {{name: To {name}, {TEMPLATE}, send: {name}}}" for name in destinations]
    return "\n".join(
        (
            "sources:",
            *(f"  {name}: {{bot_id: {name}, customer_id: c}}" for name in watched),
            "destinations:",
            f"  {GOOD}: {webhook(url)}",
            *(f"  {name}: {options}" for name, options in destinations.items()),
            "rules:",
            f'  - {{name: Well, when: "lead.*", send: {GOOD}}}',
            *(to_all if everything else to_each),
        )
    )
