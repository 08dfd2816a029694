"""What the signals mean: a stop, or a reload."""

import asyncio
import os
import signal

from notifier.service.service import Service

STANDARD_STREAMS = (0, 1, 2)


def obey_signals(service: Service) -> None:
    """Stop on SIGTERM and SIGINT, reload on SIGHUP.

    SIGHUP is also what the kernel sends when a terminal is closed: where one was at
    hand and answers no more, it means the end.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop)
    terminals = [number for number in STANDARD_STREAMS if os.isatty(number)]

    def hung_up() -> None:
        is_closed = not all(os.isatty(number) for number in terminals)
        (service.stop if is_closed else service.reload)()

    loop.add_signal_handler(signal.SIGHUP, hung_up)
