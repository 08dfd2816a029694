"""Each try is kept beside its outcome, the newest of them."""

from collections.abc import Iterator

import pytest
from store_outbox import NOW_MS, Outbox

from notifier.core.outcome import Policy
from notifier.destinations.base import Receipt
from notifier.errors import TemporaryDeliveryError
from notifier.store import attempts
from notifier.store.attempts import KEPT, Tried
from notifier.transactions.attempts import Attempt, record
from support.databases import Database


@pytest.fixture
def box(database: Database) -> Iterator[Outbox]:
    db = database.open()
    with db.transaction():
        yield Outbox(db)
    db.close()


def test_a_try_is_kept_with_what_the_receiver_said(box: Outbox) -> None:
    box.add("one", "b/1")
    box.add("two", "b/2")
    one, two = box.claim()
    refused = TemporaryDeliveryError("crm.example.com answered 503")
    refused.excerpt = "busy"
    sent = [
        Attempt(claimed=one, probe=False, jitter=0.0, receipt=Receipt(answer="204"), took_ms=7),
        Attempt(claimed=two, probe=False, jitter=0.0, failure=refused, took_ms=9),
    ]
    record(box.db, sent, Policy(), now_ms=NOW_MS)
    (taken,) = attempts.of_delivery(box.db, one[0].id)
    (failed,) = attempts.of_delivery(box.db, two[0].id)
    assert (taken.is_taken, taken.answer, taken.took_ms) == (True, "204", 7)
    assert failed.answer == "crm.example.com answered 503: busy"
    assert (failed.is_taken, failed.took_ms, failed.at_ms) == (False, 9, NOW_MS)


def test_of_a_delivery_that_is_tried_for_ever_the_newest_tries_are_kept(box: Outbox) -> None:
    box.add("one", "b/1")
    ((one,),) = box.claim()
    for number in range(KEPT + 5):
        tried = Tried(
            delivery_id=one.id, at_ms=number, took_ms=None, is_taken=False, answer="x" * 5_000
        )
        attempts.add(box.db, [tried])
    kept = attempts.of_delivery(box.db, one.id)
    assert [found.at_ms for found in kept] == list(range(5, KEPT + 5))
    assert len(kept[0].answer or "") == 2_000


def test_tries_go_with_their_delivery(box: Outbox) -> None:
    box.add("one", "b/1")
    ((one,),) = box.claim()
    record(
        box.db,
        [Attempt(claimed=(one,), probe=False, jitter=0.0, receipt=Receipt())],
        Policy(),
        now_ms=NOW_MS,
    )
    box.db.execute("DELETE FROM deliveries")
    assert attempts.of_delivery(box.db, one.id) == []
