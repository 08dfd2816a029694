"""An event as templates see it: unknown names are errors, empty values print as nothing."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping

import jinja2
import msgspec

from notifier.cleaning import visible
from notifier.messages.facts import show
from notifier.rows import Json

READABLE = {"items", "keys", "values", "get"}


class Blank(jinja2.ChainableUndefined):
    """What a lead lacks: false, smaller and larger than nothing, and empty at any depth."""

    __slots__ = ()

    def _blank(self, *_args: Json, **_kwargs: Json) -> Json:
        return self

    def _false(self, _other: Json) -> Json:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Blank)

    __hash__ = jinja2.ChainableUndefined.__hash__
    __lt__ = __le__ = __gt__ = __ge__ = _false
    __call__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _blank
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _blank
    __mod__ = __rmod__ = __pos__ = __neg__ = _blank


class Record:
    """A struct under its JSON names and no others."""

    __slots__ = ("struct",)

    def __init__(self, struct: msgspec.Struct) -> None:
        self.struct = struct

    @property
    def names(self) -> tuple[str, ...]:
        """The names it can have, as in the event's JSON."""
        return self.struct.__struct_encode_fields__

    def field(self, name: str) -> Json:
        """Return a field's view; raises ``UndefinedError`` for a name it cannot have."""
        names = zip(self.names, self.struct.__struct_fields__, strict=True)
        for shown, own in names:
            if shown == name:
                return view(getattr(self.struct, own))
        raise jinja2.UndefinedError(unknown_field(type(self.struct), name))

    def __str__(self) -> str:
        row = msgspec.to_builtins(self.struct)
        return row.get("text") or row.get("name") or row.get("id") or show(row)


class Bag(Mapping[str, Json]):
    """An object whose keys are strangers': any may be missing, none hides a method."""

    __slots__ = ("row",)

    def __init__(self, row: Mapping[str, Json]) -> None:
        self.row = {key: view(value) for key, value in row.items()}

    def field(self, name: Json) -> Json:
        """Return the value of a key, or :class:`Blank`."""
        return self.row.get(visible(name) if isinstance(name, str) else name, Blank())

    def method(self, name: str) -> Callable[..., Json] | None:
        """Return one of a mapping's reading methods."""
        method: Callable[..., Json] | None = getattr(self.row, name, None)
        return method if name in READABLE else None

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
        case None | "":
            return Blank()
        case msgspec.Struct():
            return Record(value)
        case Mapping():
            return Bag(value)
        case list() | tuple():
            return [view(entry) for entry in value]
        case _:
            return value


def printed(value: Json) -> str:
    """Return what a value prints as, before it is escaped."""
    if isinstance(value, list | tuple | Iterator):
        return ", ".join(text for entry in value if (text := printed(entry)))
    if callable(value) and not isinstance(value, Blank):
        raise jinja2.TemplateRuntimeError("a method is printed without being called")
    return str(value) if isinstance(value, Blank | Record | Bag) else show(value)


def unknown_field(kind: type[msgspec.Struct], name: str) -> str:
    """Return the sentence for a name that a struct of this kind cannot have."""
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    word = "change" if kind.__name__ == "Changed" else kind.__name__.lower()
    return f"`{name}` is no {word} field{nearest(name, known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean `status`?``, or nothing where no name is near."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
