"""Logs on stderr: one JSON object a line, or colours where a person watches.

What libraries log through :mod:`logging` takes the same way as our own lines.
Get a logger with :func:`structlog.get_logger`; an event is a few fixed words,
what varies stands in keys, and no key holds a secret or a visitor's words.
"""

import logging
from contextlib import suppress
from typing import Self, TextIO

import structlog
from structlog.typing import Processor


def set_up(*, log_format: str | None, level: str, stream: TextIO) -> None:
    """Send every log line of at least ``level`` to ``stream``.

    ``log_format`` is ``json`` or ``console``; ``None`` chooses ``console`` for a
    terminal. Keys are ``timestamp`` (UTC), ``level``, ``event`` and the line's own.
    """
    people = log_format == "console" or (log_format is None and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
    ]
    last = _for_people(stream) if people else _for_programs()
    # Straight to the stream: through logging a line takes three times as long,
    # and a busy minute has a line for each event.
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines(stream),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Below it libraries quote whole URLs, keys in the query included, and whole messages.
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))


class _Lines:
    """Makes loggers that write to one stream, or nowhere while it takes nothing.

    A full disk under the log, or a reader that went away, must stop no alert.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, *_: object) -> Self:
        return self

    def line(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(f"{text}\n")
            self._stream.flush()

    debug = info = warning = error = critical = line


def _for_programs() -> list[Processor]:
    # Local variables in a traceback would print tokens and visitors.
    traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(traceback),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _for_people(stream: TextIO) -> list[Processor]:
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]
