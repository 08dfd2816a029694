"""Secrets that stand in the rules file themselves, for everybody who may read it."""

from collections.abc import Iterator

from pydantic import BaseModel

from notifier.rules.unfit import is_hushed
from notifier.rulesfile.nodes import Faults, Node, Scalar, Series, Table, is_expanded

REMEDY = "write ${NAME}, and set NAME in .env or as a credentials file"


def warn_of_secrets(model: type[BaseModel], table: Table, faults: Faults) -> None:
    """Warn of each secret of a source or destination that was not looked up."""
    for key, value in table.entries:
        field = model.model_fields.get(key.text)
        # A webhook's address is a secret only now and then.
        if field is None or key.text == "url" or "SecretStr" not in repr(field.annotation):
            continue
        for secret in _texts(value):
            if not (secret.null or secret.unresolved or is_expanded(secret)):
                faults.warn(secret.at, f"`{key.text}` holds a secret for all to read", REMEDY)


def _texts(value: Node) -> Iterator[Scalar]:
    """Yield the texts of a secret: one, several, or those of headers that sound like one."""
    match value:
        case Scalar():
            yield value
        case Series():
            yield from (entry for entry in value.entries if isinstance(entry, Scalar))
        case Table():
            for name, header in value.entries:
                if is_hushed(name.text) and isinstance(header, Scalar):
                    yield header
