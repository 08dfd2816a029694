from collections.abc import Iterator
from pathlib import Path

import pytest
from store_outbox import Outbox

from notifier.store.db import connect


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    db = connect(tmp_path / "notifier.db")
    yield Outbox(db)
    db.close()
