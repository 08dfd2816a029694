"""The shared record of requests, against the pure decision that it stores."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.core import pacing
from notifier.store import sources
from notifier.store.opening import connect

HOUR_MS = 3_600_000


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(-HOUR_MS, HOUR_MS) | st.integers(0, 20_000), max_size=30),
    st.integers(1, 5),
)
def test_a_request_is_granted_as_the_pure_decision_grants_it(
    steps_ms: list[int], limit: int
) -> None:
    now_ms, times_ms = 10 * HOUR_MS, tuple[int, ...]()
    with TemporaryDirectory() as folder:
        db = connect(Path(folder) / "notifier.db")
        for step_ms in steps_ms:
            now_ms += step_ms  # backwards, too: a reboot starts the clock anew
            with db.transaction():
                wait_ms = sources.claim_request(db, "key", limit=limit, now_ms=now_ms)
            answer = pacing.claim(times_ms, limit=limit, now_ms=now_ms)
            times_ms = answer.times_ms
            assert wait_ms == answer.wait_ms
            stored = db.execute("SELECT at_ms FROM requests ORDER BY at_ms").fetchall()
            assert [at_ms for (at_ms,) in stored] == sorted(times_ms)
        db.close()
