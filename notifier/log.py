"""Logs on stderr: one JSON object a line, or colours where a person watches.

What libraries log through :mod:`logging` takes the same way as our own lines.
Get a logger with :func:`structlog.get_logger`; an event is a few fixed words,
what varies stands in keys, and no key holds a secret or a visitor's words.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self, TextIO

import structlog
from structlog.typing import ExcInfo, Processor

from notifier.errors import NotifierError

# Errors whose texts are ours, or a host's of itself. Any other may quote what it met:
# `invalid literal for int() with base 10: '98…'`.
TELLING = (NotifierError, OSError, AssertionError)
TELLING_MODULES = {"sqlite3"}  # other databases quote the values of a statement


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
    return [
        structlog.processors.ExceptionRenderer(_stacks),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _for_people(stream: TextIO) -> list[Processor]:
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=_print)]


def _stacks(exc_info: ExcInfo) -> list[dict[str, Any]]:
    """Return where each error of a chain was, the last one first.

    Local variables would tell tokens and visitors, and so would many an error's text.
    """
    stacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)(exc_info)
    _hush(stacks, {str(one) for one in _chain(exc_info[1]) if _is_telling(one)})
    return stacks


def _is_telling(error: BaseException) -> bool:
    return isinstance(error, TELLING) or type(error).__module__ in TELLING_MODULES


def _hush(stacks: list[dict[str, Any]], told: set[str]) -> None:
    for stack in stacks:
        stack["exc_value"] = stack["exc_value"] if stack["exc_value"] in told else ""
        stack["exc_notes"] = []
        for grouped in stack["exceptions"]:
            _hush(grouped, told)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    if error is None:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _chain(one)
    yield from _chain(error.__cause__ or error.__context__)


def _print(stream: TextIO, exc_info: ExcInfo) -> None:
    for stack in reversed(_stacks(exc_info)):
        for frame in stack["frames"]:
            stream.write(f"  {frame['filename']}:{frame['lineno']} in {frame['name']}\n")
        text = f": {stack['exc_value']}" if stack["exc_value"] else ""
        stream.write(f"{stack['exc_type']}{text}\n")
