"""A lead's fields, as rules name them → the row of the listing that says so."""

from collections.abc import Mapping
from typing import Any

from notifier.core.rows import Json, Row

Fields = Mapping[str, Any]
"""Values by the name of a ``records.Lead`` field; what is missing is empty."""


def row_of(fields: Fields) -> Row:
    """Return the row that :func:`notifier.core.records.parse` reads these fields from."""
    return {
        "_id": fields["id"],
        "uuid": fields.get("uuid"),
        "status": fields.get("status"),
        "isOnline": fields.get("online"),
        "websiteVisits": fields.get("visits"),
        "_agentAssigned": _named(fields.get("assignee"), {"id": "_id", "name": "name"}),
        "lastMessage": fields.get("last_message"),
        "lastSeenAt": fields.get("last_seen_at"),
        "profile": {
            "notes": [
                _named(note, {"id": "_id", "title": "title", "description": "description"})
                for note in fields.get("notes") or ()
            ],
            "userDetails": _details(fields),
        },
        "createdAt": fields.get("created_at"),
        "updatedAt": fields.get("updated_at"),
    }


def _details(fields: Fields) -> Json:
    names = ("name", "picture", "city", "country", "gender")
    attributes = fields.get("attributes") or {}
    return {
        **{name: fields.get(name) for name in names},
        "contact": {
            "email": fields.get("email"),
            "phone": {"number": fields.get("phone"), "prefix": None},
        },
        "tags": list(fields.get("tags") or ()),
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }


def _named(value: Fields | None, names: Mapping[str, str]) -> Json:
    return value and {theirs: value.get(ours) for ours, theirs in names.items()}
