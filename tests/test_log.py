"""Logs: one pipeline for our lines and the libraries', and nothing secret in it."""

import errno
import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from notifier import log


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_level_and_event() -> None:
    log.set_up(log_format=None, level="info", stream=(stream := StringIO()))
    structlog.get_logger().info("rules loaded", rules=3, name="Grüße")
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "info", "event": "rules loaded", "rules": 3, "name": "Grüße"}


def test_what_libraries_log_takes_the_same_way() -> None:
    log.set_up(log_format="json", level="info", stream=(stream := StringIO()))
    logging.getLogger("some.library").warning("%d left", 3)
    (line,) = lines(stream)
    assert (line["level"], line["event"]) == ("warning", "3 left")


def test_less_than_the_level_is_not_logged() -> None:
    log.set_up(log_format="json", level="warning", stream=(stream := StringIO()))
    structlog.get_logger().info("quiet")
    logging.getLogger("some.library").info("quiet")
    structlog.get_logger().error("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


@pytest.mark.parametrize("name", ["httpx", "slack_sdk.web", "aiohttp.access", "aio_pika"])
def test_libraries_stay_quiet_even_when_debugging(name: str) -> None:
    log.set_up(log_format="json", level="debug", stream=(stream := StringIO()))
    logging.getLogger(name).info("GET https://example.com/?key=secret")
    structlog.get_logger().debug("ours")
    assert [line["event"] for line in lines(stream)] == ["ours"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_local_variables(log_format: str) -> None:
    log.set_up(log_format=log_format, level="info", stream=(stream := StringIO()))
    token = "tok-secret"
    try:
        int(token[:3])
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError" in stream.getvalue()
    assert "test_log.py" in stream.getvalue()
    assert "tok" not in stream.getvalue()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_an_error_whose_text_quotes_nobody_is_told_in_full(log_format: str) -> None:
    log.set_up(log_format=log_format, level="info", stream=(stream := StringIO()))
    try:
        try:
            dict[str, str]().pop("Asha Rao")
        except KeyError:
            raise OSError(errno.ENOSPC, "no space left on device") from None
    except OSError as full:
        group = ExceptionGroup("of Asha", [full, ValueError("Asha")])
        structlog.get_logger().error("failed", exc_info=full)
        structlog.get_logger().error("failed", exc_info=group)
    assert stream.getvalue().count("no space left on device") >= 1
    assert "Asha" not in stream.getvalue()


def test_a_terminal_gets_colours_and_a_pipe_gets_json() -> None:
    log.set_up(log_format=None, level="info", stream=(terminal := Terminal()))
    structlog.get_logger().info("started")
    assert "\x1b[" in terminal.getvalue()
    log.set_up(log_format="console", level="info", stream=(stream := StringIO()))
    structlog.get_logger().info("started")
    assert "\x1b[" not in stream.getvalue()
    assert "started" in stream.getvalue()


class Full(StringIO):
    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    log.set_up(log_format="json", level="info", stream=Full())
    structlog.get_logger().info("started")
    structlog.get_logger().error("failed")
