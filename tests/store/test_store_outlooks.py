"""What is kept of where listings change, on every engine."""

from collections.abc import Iterator

import pytest

from notifier.store import listings, outlooks
from notifier.store.outlooks import Outlook
from notifier.store.session import Session
from support.databases import Database

KNOWN = Outlook(learnt="{}", news_ms=7, turn_ms=700, median_ms=40_000, p90_ms=150_000)


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    db = database.open()
    for bot, order in (("sorted", "updated-desc"), ("any", "none")):
        listings.state(db, bot, "lead")
        listings.set_order(db, bot, "lead", order)
        listings.finish_full_walk(db, bot, "lead", at_ms=1, pages=9)
        outlooks.keep(db, bot, "lead", KNOWN)
    yield db
    db.close()


def test_what_was_kept_is_there_again(db: Session) -> None:
    assert outlooks.outlook(db, "any", "lead") == KNOWN
    assert outlooks.outlook(db, "any", "non-lead") == Outlook()


def test_listings_whose_order_hides_changes_are_told_with_their_pages(db: Session) -> None:
    assert outlooks.of_listings(db) == {("any", "lead"): (9, KNOWN)}


def test_waits_are_forgotten_and_what_was_learnt_is_not(db: Session) -> None:
    outlooks.forget_waits(db)
    assert outlooks.outlook(db, "any", "lead") == Outlook(learnt="{}", news_ms=7, turn_ms=700)
