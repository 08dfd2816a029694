"""Who may ask for a poll at once: whoever knows the secret."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import SecretStr

Poke: TypeAlias = Callable[[str | None], bool]
"""Makes head polls due at once, of the source named or of all; False for an unknown one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PokeDoor:
    """Lets in who names the secret."""

    secret: SecretStr
    poke: Poke

    def opens(self, given: str) -> bool:
        """Whether this is the secret; it takes as long whichever character differs."""
        # A caller may send bytes that are no text.
        said = given.encode(errors="backslashreplace")
        return hmac.compare_digest(said, self.secret.get_secret_value().encode())
