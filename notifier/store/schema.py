"""The schema's steps, in order: :mod:`notifier.store.migrations` has a file for each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pkgutil import iter_modules

from notifier.store import migrations
from notifier.store.session import Session

ALONE = "_alone"
"""How the name of a step ends which members of the version before cannot live with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A step of the schema; the database remembers its name once it was applied."""

    name: str
    apply: Callable[[Session], None]

    @property
    def needs_to_be_alone(self) -> bool:
        """Whether no program of the version before can go on beside it: its name says so."""
        return self.name.endswith(ALONE)


def _apply(name: str, session: Session) -> None:
    """Load a step and apply it: most starts of the program have none to apply."""
    import_module(f"{migrations.__name__}.{name}").apply(session)


MIGRATIONS = tuple(
    Migration(name=name, apply=partial(_apply, name))
    for name in sorted(module.name for module in iter_modules(migrations.__path__))
)
