"""What a command finds around it: the process's environment and working folder."""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from notifier import log
from notifier.cli.output import print_warnings
from notifier.configuration.environment import Environment, read_environment
from notifier.configuration.load import Configuration, load_configuration
from notifier.configuration.read_settings import read_settings
from notifier.errors import ConfigError, Fault


def environment() -> Environment:
    """Return the environment of this process."""
    return read_environment(os.environ, folder=Path.cwd())


def configuration(*, warn: Callable[[Iterable[Fault]], None] = print_warnings) -> Configuration:
    """Return what the operator configured; ``warn`` gets the warnings of a right one."""
    given = environment()
    try:
        loaded = load_configuration(given)
    except ConfigError:
        # A mistyped name explains why a setting is missing.
        print_warnings(read_settings(given).warnings)
        raise
    warn(loaded.warnings)
    return loaded


def logged_configuration(*, is_watched: bool = False) -> Configuration:
    """Return what the operator configured, logging as it says, its warnings first.

    ``is_watched``: a person is told of alerts otherwise, and logs only what is wrong
    unless the settings ask for more.
    """
    held: list[Fault] = []
    loaded = configuration(warn=held.extend)
    settings = loaded.settings
    quietly = is_watched and "log_level" not in settings.model_fields_set
    level = "warning" if quietly else settings.log_level
    log.set_up(log_format=settings.log_format, level=level, stream=sys.stderr)
    for fault in held:
        structlog.get_logger().warning(
            "configuration", where=fault.where, problem=fault.problem, remedy=fault.remedy
        )
    return loaded


def reread() -> Configuration:
    """Return the configuration as it is on disk now, for a reload."""
    return load_configuration(environment())
