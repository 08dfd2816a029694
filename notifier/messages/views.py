"""An event as templates see it: unknown names are errors, empty values print as nothing."""

import difflib
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    ValuesView,
)

import jinja2
import msgspec

from notifier.cleaning import visible
from notifier.core.people import Person, Taken
from notifier.core.records import Agent, LastMessage, Lead, Note
from notifier.core.rows import Json
from notifier.core.synonyms import field_meant
from notifier.messages.facts import note, show, who

SERIES = (list, tuple, range, Iterator, ItemsView, KeysView, ValuesView)
READABLE = {"items", "keys", "values"}
WORDS = {"Changed": "change", "LastMessage": "message", "Taken": "taken_by", "ActTold": "act"}
FEW = 5

# What the author wrote outside {{ }} carries these until it is shown, so that it can be
# told from values however they are joined. No Unicode text has them: they are no characters.
MARKS = str.maketrans({"&": "\ufdd0", "<": "\ufdd1", ">": "\ufdd2"})
UNMARKED = {mark: chr(letter) for letter, mark in MARKS.items()}


class MistakeError(jinja2.TemplateRuntimeError):
    """A template fails while it runs; the text is ours and the author's alone.

    Whatever else is raised then may quote a visitor, and is never shown.
    """


class Blank(jinja2.ChainableUndefined):
    """What a lead lacks: false, smaller and larger than nothing, and empty at any depth."""

    __slots__ = ()

    def _blank(self, *_args: Json, **_kwargs: Json) -> Json:
        return self

    def _false(self, _other: Json) -> Json:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or other == "" or isinstance(other, Blank)

    __hash__ = jinja2.ChainableUndefined.__hash__
    __lt__ = __le__ = __gt__ = __ge__ = _false
    __call__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _blank
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _blank
    __mod__ = __rmod__ = __pos__ = __neg__ = _blank


class NoCount(int):
    """The length of what is empty: 0 to compare with, nothing to print."""

    def __str__(self) -> str:
        return ""


class Record:
    """A struct under its JSON names and no others."""

    __slots__ = ("_views", "struct")

    def __init__(self, struct: msgspec.Struct) -> None:
        self.struct = struct
        self._views: dict[str, Json] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names it can have, as in the event's JSON."""
        return self.struct.__struct_encode_fields__

    def field(self, name: str) -> Json:
        """Return a field's view; raises ``MistakeError`` for a name it cannot have."""
        # Made once: a loop may ask for a list of ten thousand tags in every turn.
        if name not in self._views:
            self._views[name] = view(self._value(name))
        return self._views[name]

    def _value(self, name: str) -> Json:
        for shown, own in zip(self.names, self.struct.__struct_fields__, strict=True):
            if shown == name:
                return getattr(self.struct, own)
        raise MistakeError(unknown_field(type(self.struct), name))

    def __str__(self) -> str:
        return unmarked(_called(self.struct))


class Bag(Mapping[str, Json]):
    """An object whose keys are strangers': any may be missing, none hides a method."""

    __slots__ = ("row",)

    def __init__(self, row: Mapping[str, Json]) -> None:
        self.row = {unmarked(key): view(value) for key, value in row.items()}

    def field(self, name: Json) -> Json:
        """Return the value of a key, or :class:`Blank`."""
        return self.row.get(visible(name) if isinstance(name, str) else name, Blank())

    def method(self, name: str) -> Callable[..., Json] | None:
        """Return one of a mapping's reading methods."""
        if name == "get":
            return self._get
        method: Callable[..., Json] | None = getattr(self.row, name, None)
        return method if name in READABLE else None

    def _get(self, name: Json, default: Json = None) -> Json:
        return self.row.get(name, Blank() if default is None else default)

    def __getitem__(self, key: str) -> Json:
        return self.row[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.row)

    def __len__(self) -> int:
        return len(self.row)

    def __str__(self) -> str:
        return ", ".join(f"{key}: {printed(value)}" for key, value in self.row.items())


def view(value: Json) -> Json:
    """Return a value as templates see it; scalars are themselves."""
    match value:
        case None | "" | msgspec.UNSET:
            return Blank()
        case msgspec.Struct():
            return Record(value)
        case Mapping():
            return Bag(value)
        case list() | tuple():
            return [view(entry) for entry in value]
        case str():
            return unmarked(value)
        case _:
            return value


def empty(value: Json) -> bool:
    """Say whether there is nothing at all; ``0``, ``false`` and empty lists are something."""
    return value is None or isinstance(value, Blank)


def unmarked(text: str) -> str:
    """Return a stranger's text without what would make it the author's."""
    for mark in UNMARKED:
        text = text.replace(mark, "")
    return text


def restored(text: str) -> str:
    """Return a text with what the author wrote as it was written."""
    for mark, letter in UNMARKED.items():
        text = text.replace(mark, letter)
    return text


def printed(value: Json) -> str:
    """Return what a value prints as, before it is escaped."""
    if isinstance(value, SERIES):
        return ", ".join(text for entry in value if (text := printed(entry)))
    if callable(value) and not isinstance(value, Blank):
        raise MistakeError("a method is printed without being called")
    return str(value) if isinstance(value, Blank | Record | Bag) else show(value)


def unknown_field(struct: type[msgspec.Struct], name: str) -> str:
    """Return the sentence for a name that a struct of this class cannot have."""
    known = [field.encode_name for field in msgspec.structs.fields(struct)]
    word = WORDS.get(struct.__name__) or struct.__name__.lower()
    called = field_meant(name) if struct is Lead else ""
    near = f"; did you mean `{called}`?" if called else nearest(name, known)
    few = f"; there are {', '.join(known)}" if len(known) <= FEW else ""
    return f"`{name}` is no {word} field{near or few}"


def _called(struct: msgspec.Struct) -> str:
    """Return the words for a whole record, as cards have them."""
    match struct:
        case Lead():
            return who(struct)
        case Agent():
            return struct.name or struct.id
        case Person() | Taken():
            return struct.name
        case Note():
            return note(struct)
        case LastMessage(text=str(text)):
            return text
        case _:
            row = msgspec.to_builtins(struct)
            return row.get("id") or show({key: row[key] for key in row if show(row[key])})


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean `status`?``, or nothing where no name is near."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
