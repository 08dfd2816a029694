"""Who is signed in: a signed cookie, which a restart does not end. Pure.

The key is made of a secret that the database keeps and of the role's password: neither
alone signs anything, and a changed password ends the sessions that it had opened.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum

LASTS_MS = 12 * 3_600_000
COOKIE = "notifier_session"


class Role(StrEnum):
    """What somebody may: an operator acts, a viewer looks."""

    OPERATOR = "operator"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signing in; ``id`` names it where it is ended before its time."""

    role: Role
    id: str
    begun_ms: int

    @property
    def ends_ms(self) -> int:
        """When it ends by itself."""
        return self.begun_ms + LASTS_MS


class Sessions:
    """Signs and reads cookies for the ``passwords`` that are set, by role."""

    def __init__(self, secret: bytes, passwords: dict[Role, str]) -> None:
        self._passwords = passwords
        self._keys = {
            role: hmac.digest(secret, f"{role}\n{password}".encode(), "sha256")
            for role, password in passwords.items()
        }

    def role_of(self, password: str) -> Role | None:
        """Return whose password this is; it takes as long whichever character differs."""
        given = password.encode(errors="backslashreplace")
        found = [
            role
            for role, known in self._passwords.items()
            if hmac.compare_digest(given, known.encode())
        ]
        return found[0] if found else None

    def begin(self, role: Role, *, now_ms: int) -> tuple[Session, str]:
        """Return a new session and the cookie that proves it."""
        session = Session(role=role, id=secrets.token_urlsafe(16), begun_ms=now_ms)
        said = f"{role}.{now_ms}.{session.id}"
        return session, f"{said}.{self._sign(role, said)}"

    def read(self, cookie: str, *, now_ms: int) -> Session | None:
        """Return the session that a cookie proves, ``None`` where it is over or not ours."""
        said, _, signature = cookie.rpartition(".")
        role_name, _, rest = said.partition(".")
        begun, _, session_id = rest.partition(".")
        role = next((one for one in self._keys if one.value == role_name), None)
        if role is None or not hmac.compare_digest(
            signature.encode(errors="backslashreplace"), self._sign(role, said).encode()
        ):
            return None
        session = Session(role=role, id=session_id, begun_ms=int(begun))
        return session if now_ms < session.ends_ms else None

    def token(self, session: Session) -> str:
        """Return what a form of this session carries, to prove that the page made it."""
        return self._sign(session.role, f"form.{session.id}")

    def is_token(self, session: Session, given: str) -> bool:
        """Whether a form carries this session's token."""
        said = given.encode(errors="backslashreplace")
        return hmac.compare_digest(said, self.token(session).encode())

    def seal(self, session: Session, words: str) -> str:
        """Return words for a cookie that only this session may show again."""
        return self._sign(session.role, f"words.{session.id}.{words}")

    def _sign(self, role: Role, said: str) -> str:
        digest = hmac.digest(self._keys[role], said.encode(errors="backslashreplace"), "sha256")
        return urlsafe_b64encode(digest).decode().rstrip("=")
