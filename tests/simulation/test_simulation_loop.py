"""The loop that simulated processes run on."""

import threading
from random import Random

from simulation.loop import SeededLoop


def test_a_thread_of_somebody_else_keeps_no_loop_waiting() -> None:
    may_end = threading.Event()
    threading.Thread(target=may_end.wait, daemon=True).start()
    loop = SeededLoop(Random(1))

    async def told() -> str:
        found = loop.create_future()
        threading.Thread(
            target=lambda: loop.call_soon_threadsafe(found.set_result, "done"), daemon=True
        ).start()
        return str(await found)

    try:
        assert loop.run_until_complete(told()) == "done"
    finally:
        may_end.set()
        loop.close()
