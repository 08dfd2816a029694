"""One request of somebody who is let in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from notifier.web.sessions import Role, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who asks, for what: ``form`` has the fields of a POST, ``token`` is for the forms of
    the answer, and ``notice`` is what came of what they did before.
    """

    request: web.Request
    session: Session
    token: str
    form: Mapping[str, str] = field(default_factory=dict)
    notice: str = ""

    @property
    def is_operator(self) -> bool:
        """Whether they may act, and see everything."""
        return self.session.role is Role.OPERATOR

    @property
    def query(self) -> Mapping[str, str]:
        """The fields of the address, without those that are empty."""
        return {name: value for name, value in self.request.query.items() if value.strip()}

    def named(self, part: str) -> str:
        """Return a part of the address, such as a lead's id."""
        return self.request.match_info[part]
