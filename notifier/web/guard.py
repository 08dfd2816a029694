"""Who may pass: one door for all requests, closed unless something opens it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from aiohttp import web

from notifier.errors import BusyError, StoreError
from notifier.store import signing
from notifier.store.reading import Reader
from notifier.web.names import Name, Names, read_name
from notifier.web.renderer import Renderer
from notifier.web.sessions import COOKIE, LASTS_MS, Role, Session, Sessions
from notifier.web.visit import Visit

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
POKES = frozenset({"/poke/{secret}", "/poke/{secret}/{source}"})
LOGIN, LOGOUT = "/login", "/logout"
OPEN = frozenset({LOGIN, "/static/{name}"})
METHODS = ("GET", "HEAD", "POST")
SAFE = ("GET", "HEAD")
NOTICE = "notifier_notice"
VISIT = web.RequestKey("visit", Visit)
NAME = web.RequestKey("name", Name)

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Lets in who has a session; everything else is open by name alone."""

    names: Names
    sessions: Sessions
    reader: Reader
    renderer: Renderer
    now_ms: Callable[[], int]

    async def answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or say why not."""
        try:
            response = await self._answered(request, handler)
        except web.HTTPException as refusal:
            response = self._refused(request, refusal)
        except (StoreError, BusyError) as error:
            response = self.told(request, 503, "The database does not answer", str(error))
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def told(self, request: web.Request, status: int, title: str, why: str) -> web.Response:
        """Return a page that says what went wrong."""
        visit = request.get(VISIT)
        return self.renderer.page("refusal.html", visit, status=status, title=title, why=why)

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        place = _place(request)
        if place in PROBES:
            return await handler(request)
        name = _name(request)
        local = request.transport.get_extra_info("sockname") if request.transport else None
        if name is None or not self.names.knows(name, reached_at=local[0] if local else ""):
            raise web.HTTPMisdirectedRequest
        request[NAME] = name
        if request.method not in METHODS:
            raise web.HTTPMethodNotAllowed(request.method, METHODS)
        if place in POKES:
            return await handler(request)
        if request.method not in SAFE and not self._is_same_origin(request, name):
            raise web.HTTPForbidden(text="The request came from another page.")
        if place in OPEN:
            return await handler(request)
        session = await self._session(request)
        if session is None:
            return _sign_in_first(request)
        return await self._let_in(request, handler, session, place)

    async def _let_in(
        self, request: web.Request, handler: Handler, session: Session, place: str | None
    ) -> web.StreamResponse:
        notice = self._notice(request, session)
        visit = Visit(
            request=request,
            session=session,
            token=self.sessions.token(session),
            form=await _form(request),
            notice=notice,
        )
        request[VISIT] = visit
        if request.method not in SAFE:
            if not self.sessions.is_token(session, visit.form.get("token", "")):
                raise web.HTTPForbidden(
                    text="The form is not one of this session: load it anew."
                )
            if session.role is not Role.OPERATOR and place != LOGOUT:
                raise web.HTTPForbidden(text="You may look, and not act.")
        response = await handler(request)
        if NOTICE in request.cookies and not response.prepared and request.method in SAFE:
            response.del_cookie(NOTICE, path="/")
        return response

    def let_in(self, request: web.Request, role: Role) -> tuple[str, dict[str, object]]:
        """Return the cookie of a new session, and how it is kept."""
        _, cookie = self.sessions.begin(role, now_ms=self.now_ms())
        return cookie, self._kept(request) | {"max_age": LASTS_MS // 1000}

    def flash(self, visit: Visit, response: web.StreamResponse, words: str) -> None:
        """Let the next page say what came of what was done."""
        said = urlsafe_b64encode(words.encode()).decode()
        sealed = f"{said}.{self.sessions.seal(visit.session, said)}"
        kept = self._kept(visit.request)
        response.set_cookie(NOTICE, sealed, max_age=60, **kept)  # type: ignore[arg-type]

    def _notice(self, request: web.Request, session: Session) -> str:
        said, _, seal = request.cookies.get(NOTICE, "").partition(".")
        if not said or seal != self.sessions.seal(session, said):
            return ""
        return urlsafe_b64decode(said).decode()

    def _kept(self, request: web.Request) -> dict[str, object]:
        return {
            "path": "/",
            "httponly": True,
            "samesite": "Strict",
            "secure": self.names.is_served_by_https(request[NAME]),
        }

    async def _session(self, request: web.Request) -> Session | None:
        cookie = request.cookies.get(COOKIE)
        session = self.sessions.read(cookie, now_ms=self.now_ms()) if cookie else None
        if session is None:
            return None
        is_ended = await self.reader.read(signing.is_ended, session.id)
        return None if is_ended else session

    def _is_same_origin(self, request: web.Request, name: Name) -> bool:
        origins = request.headers.getall("origin", [])
        sites = request.headers.getall("sec-fetch-site", [])
        told = [self.names.is_own(one, name) for one in origins]
        told += [one == "same-origin" for one in sites]
        return bool(told) and all(told)

    def _refused(self, request: web.Request, refusal: web.HTTPException) -> web.StreamResponse:
        title, why = WORDS.get(refusal.status, (refusal.reason, ""))
        said = refusal.text if isinstance(refusal, web.HTTPForbidden) else ""
        page = self.told(request, refusal.status, title, said or why)
        if "allow" in refusal.headers:
            page.headers["allow"] = refusal.headers["allow"]
        return page


MISNAMED = (
    "The page does not answer to the name it was asked by: set NOTIFIER_PUBLIC_URL to the"
    " address that people use."
)
WORDS = {
    403: ("Not allowed", "You may not do this."),
    404: ("Not here", "There is no such page, or what it told of is gone."),
    405: ("Not this way", "The page does not take this kind of request."),
    413: ("Too much", "The form is larger than the page takes."),
    421: ("Not under this name", MISNAMED),
}


def _place(request: web.Request) -> str | None:
    """Return the route that a request leads to, however its path is spelled."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else None


def _name(request: web.Request) -> Name | None:
    hosts = request.headers.getall("host", [])
    return read_name(hosts[0]) if len(hosts) == 1 else None


def _sign_in_first(request: web.Request) -> web.Response:
    if request.method not in SAFE:
        raise web.HTTPForbidden(text="You are not signed in.")
    there = "" if request.path == "/" else f"?next={quote(request.raw_path, safe='')}"
    return web.Response(status=303, headers={"location": f"{LOGIN}{there}"})


async def _form(request: web.Request) -> dict[str, str]:
    if request.method in SAFE:
        return {}
    fields = await request.post()
    return {name: value for name, value in fields.items() if isinstance(value, str)}
