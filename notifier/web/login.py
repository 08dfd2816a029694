"""Signing in and out."""

from urllib.parse import urlsplit

from aiohttp import web

from notifier.store import signing
from notifier.web.attempts import Attempts
from notifier.web.context import PageContext
from notifier.web.guard import LOGIN, Guard
from notifier.web.sessions import COOKIE
from notifier.web.visit import Visit

TOO_MANY = "Five wrong passwords came from your address: wait a minute, then try again."
WRONG = "That is not the password."


class Login:
    """Takes passwords; the address is the connection's own, whatever a header claims."""

    def __init__(self, guard: Guard, context: PageContext) -> None:
        self._guard = guard
        self._context = context
        self._attempts = Attempts()

    async def ask(self, request: web.Request) -> web.Response:
        """Show the form."""
        return self._form(request.query.get("next", ""))

    async def open(self, request: web.Request) -> web.Response:
        """Take a password, and lead on to where somebody wanted to go."""
        address, now_s = (
            request.remote or "",
            self._context.services.clocks.monotonic_ms() / 1000,
        )
        if not self._attempts.may_try(address, now_s=now_s):
            return self._form("", fault=TOO_MANY, status=429)
        fields = await request.post()
        where = _inside(str(fields.get("next", "")))
        role = self._guard.sessions.role_of(str(fields.get("password", "")))
        if role is None:
            self._attempts.was_wrong(address, now_s=now_s)
            return self._form(where, fault=WRONG, status=403)
        response = web.Response(status=303, headers={"location": where or "/"})
        cookie, kept = self._guard.let_in(request, role)
        response.set_cookie(COOKIE, cookie, **kept)  # type: ignore[arg-type]
        return response

    def _form(self, where: str, *, fault: str = "", status: int = 200) -> web.Response:
        return self._context.renderer.page(
            "login.html", None, status=status, where=_inside(where), fault=fault, path=LOGIN
        )


async def ask_to_leave(context: PageContext, visit: Visit) -> web.Response:
    """Show the button: what is only looked at ends no session."""
    return context.page("logout.html", visit)


async def leave(context: PageContext, visit: Visit) -> web.Response:
    """End the session, wherever else its cookie may be."""
    session, now_ms = visit.session, context.services.clocks.now_ms()
    end = context.services.store.run
    await end(signing.end, session.id, ends_ms=session.ends_ms, now_ms=now_ms)
    response = web.Response(status=303, headers={"location": LOGIN})
    response.del_cookie(COOKIE, path="/")
    return response


def _inside(where: str) -> str:
    """Return a path of this page as it came; anything else is nowhere."""
    parts = urlsplit(where)
    is_path = where.startswith("/") and not where.startswith("//") and where.isprintable()
    if not is_path or parts.scheme or parts.netloc or "\\" in where or not where.isascii():
        return ""
    return where
