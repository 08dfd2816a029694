"""A part of a transaction that may fail by itself: one delivery's or lead's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from notifier.errors import DamagedError
from notifier.store.session import SavepointError, Session


@dataclass(slots=True)
class Savepoint:
    """How the block ended: ``fault`` is what it raised."""

    fault: Exception | None = None


@contextmanager
def savepoint(session: Session) -> Iterator[Savepoint]:
    """Run the block as a part of the transaction: all of it, or nothing and a ``fault``.

    A database that cannot be used is nobody's own trouble: that error passes. Where the
    session ``is_optimistic``, SavepointError lets it begin the whole one again.
    """
    one = Savepoint()
    if not session.is_optimistic:
        session.execute("SAVEPOINT part")
    try:
        yield one
    except Exception as error:
        # Broad, and the only such place within a transaction: whatever one delivery's
        # or one lead's words bring about, the others of the same transaction go on.
        if session.is_of_database(error):
            raise
        if session.is_optimistic:
            raise SavepointError from error
        session.execute("ROLLBACK TO part")
        one.fault = error
    if not session.is_optimistic:
        session.execute("RELEASE part")


@contextmanager
def rolled_back(session: Session) -> Iterator[None]:
    """Run the block within a transaction, then take back what it has written."""
    session.execute("SAVEPOINT trial")
    yield
    session.execute("ROLLBACK TO trial")
    session.execute("RELEASE trial")


def words(fault: Exception) -> str:
    """Return what to tell of a fault. A foreign one's own text may quote a visitor."""
    if isinstance(fault, DamagedError):
        return f"damaged: {fault}"
    return f"a fault of the program: {type(fault).__name__}"
