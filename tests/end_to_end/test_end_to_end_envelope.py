"""The body a webhook consumer gets, key for key, and what else can read it."""

import json
from pathlib import Path
from typing import Any

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from installation import installation

from notifier.simulator.world import BOT_ID, CUSTOMER_ID
from support.databases import Database

EXAMPLE = json.loads(Path(__file__).with_name("example_row.json").read_text(encoding="utf-8"))
LATER = "2023-02-02T06:46:34.119Z"


async def test_a_webhook_body_is_the_documented_envelope(database: Database) -> None:
    async with installation(database, leads=0) as installed:
        installed.world.put({**EXAMPLE, "status": "OPEN"})
        async with installed.program.running("run") as process:
            await installed.polled(process)
            installed.world.change(EXAMPLE["_id"], status="INPROGRESS", updatedAt=LATER)
            await process.until(installed.receiver.arrived(1))
            assert await process.stop() == 0
        (request,) = installed.receiver.received
        event = json.loads(request.body)
        assert request.headers["content-type"] == "application/cloudevents+json"
        assert event["id"] == request.id
        assert event["id"].startswith("evt_")
        assert event["data"]["observed_at"] > LATER
        assert_same(event, expected(event["id"], event["data"]["observed_at"]))

        read = from_http_event(HTTPMessage(headers=dict(request.headers), body=request.body))
        assert (read.get_id(), read.get_type()) == (event["id"], "lead.status_changed")
        assert read.get_data() == event["data"]


def assert_same(found: Any, wanted: Any) -> None:
    """Equal, and written in the same order throughout."""
    assert found == wanted
    assert json.dumps(found) == json.dumps(wanted)


def expected(event_id: str, observed_at: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "type": "lead.status_changed",
        "source": f"/botpenguin/{BOT_ID}",
        "subject": "63d9ffa77a8d152facbe2f2f",
        "time": "2023-02-02T06:46:34.119Z",
        "datacontenttype": "application/json",
        "data": {
            "observed_at": observed_at,
            "changes": {"status": {"from": "OPEN", "to": "INPROGRESS"}},
            "lead": {
                "id": "63d9ffa77a8d152facbe2f2f",
                "uuid": "7e88d192-9b20-4035-9b68-d4ac3d58a34f",
                "type": "lead",
                "source": "default",
                "bot_id": BOT_ID,
                "customer_id": CUSTOMER_ID,
                "name": "Sample name",
                "email": "sample@email.com",
                "phone": "+919876543210",
                "city": "Sample city",
                "country": "Sample country",
                "gender": "MALE",
                "picture": "https://example.com/avatar.jpg",
                "tags": ["Sample tag"],
                "attributes": {"ID": "BP001"},
                "notes": [
                    {
                        "id": "63db5c4abcbc3be2e95b20ae",
                        "title": "Sample title",
                        "description": "Sample description",
                    }
                ],
                "status": "INPROGRESS",
                "assignee": {
                    "id": "631aa793bcfa100487d13d0d",
                    "name": "Asha Rao",
                    "slack": "U024BE7LH",
                    "email": "asha@example.com",
                },
                "online": False,
                "visits": 1,
                "last_message": {
                    "at": "2023-02-01T06:00:20.000Z",
                    "by": "bot",
                    "text": "Hello! Ask me anything.",
                },
                "last_seen_at": "2023-02-01T06:00:21.000Z",
                "created_at": "2023-02-01T05:59:03.533Z",
                "updated_at": "2023-02-02T06:46:34.119Z",
                "url": None,
            },
        },
    }
