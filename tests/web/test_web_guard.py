"""Every route is knocked at: nothing is open but what is open by name."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_filled import BOT, fill
from page_house import OPERATOR, POKE_SECRET, VIEWER, browsing, served

from notifier.web.guard import HEADERS, OPEN, POKES, PROBES
from notifier.web.site import DONE, SEEN

PARTS = {"secret": POKE_SECRET, "source": "default", "name": "style.css"}
SPELLINGS = (
    *("/%6Ceads", "//", "//leads", "/./", "/static/../", "/static/%2e%2e/site.py", "/Leads"),
    *("/static/style.css/", "/static/", "/static/..%2fsite.py", "/login/../", "/login/x"),
    *("/healthz/../", "/healthz/x", "/healthz%2f..%2f", "/login%00", "/%00", "/login;/"),
    *("/poke", "/poke/", "/changes", "/changes/", "/static/live.js%00", "/.well-known/x"),
)


def filled(path: str, **parts: str) -> str:
    """Return a route's path with something in its places."""
    known = PARTS | parts
    return re.sub(r"\{(\w+)\}", lambda part: known.get(part[1], "1"), path)


def closed_pages() -> Iterator[str]:
    yield from map(filled, SEEN)
    yield "/changes"


async def test_the_router_has_no_route_that_these_tests_do_not_know(tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        known = {*SEEN, *DONE, *OPEN, *POKES, *PROBES, "/changes"}
        assert page.paths == known


async def test_without_a_session_every_page_leads_to_the_login(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        for path in (*closed_pages(), *SPELLINGS, "/nowhere"):
            answer = await browser.get(path)
            assert answer.status_code in (303, 404, 405, 421), path
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/login"), path
            assert "notifier" not in answer.headers.get("set-cookie", ""), path
            assert "Sign out" not in answer.text, path


async def test_without_a_session_nothing_can_be_done(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        for path in map(filled, DONE):
            assert (await browser.post(path, token="x")).status_code == 403, path
        assert page.looks == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused_everywhere(tmp_path: Path, method: str) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        for path in (*closed_pages(), "/login", "/static/style.css", "/nowhere"):
            answer = await browser.client.request(method, path, headers={"origin": page.base})
            assert answer.status_code == 405, path


async def test_a_get_shows_and_a_head_is_a_get_without_its_body(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        for path in map(filled, SEEN):
            got, headed = await browser.get(path), await browser.client.head(path)
            assert headed.status_code == got.status_code, path
            assert headed.content == b""
            assert headed.headers["content-type"] == got.headers["content-type"]


async def test_a_viewer_sees_the_pages_and_does_nothing_but_leave(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, VIEWER) as browser:
        for path in map(filled, SEEN):
            assert (await browser.get(path)).status_code in (200, 403, 404), path
        for path in DONE:
            if path != "/logout":
                assert (await browser.act(filled(path))).status_code == 403, path
        assert (await browser.act("/logout")).status_code == 303


async def test_a_form_of_another_page_does_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        token = await browser.token()
        for path in (*map(filled, DONE), "/login"):
            for origin in ("http://evil.example", "null", page.base + ".evil.example"):
                answer = await browser.post(path, origin=origin, token=token)
                assert answer.status_code == 403, (path, origin)
            bare = await browser.client.post(path, data={"token": token})
            assert bare.status_code == 403, path
            for site in ("cross-site", "same-site", "none"):
                headers = {"sec-fetch-site": site, "origin": page.base}
                answer = await browser.client.post(path, data={"token": token}, headers=headers)
                assert answer.status_code == 403, (path, site)


async def test_a_form_needs_the_token_of_its_own_session(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as page,
        browsing(page, OPERATOR) as browser,
        browsing(page, OPERATOR) as other,
    ):
        foreign = await other.token()
        for path in map(filled, DONE):
            for token in ("", "x", foreign):
                assert (await browser.post(path, token=token)).status_code == 403, path
        assert (await browser.get("/")).status_code == 200


async def test_sec_fetch_site_does_where_there_is_no_origin(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        answer = await browser.client.post(
            "/login", data={"password": OPERATOR}, headers={"sec-fetch-site": "same-origin"}
        )
        assert answer.status_code == 303


async def test_under_a_foreign_name_only_probes_answer(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        foreign = {"host": "evil.example"}
        for path in (*closed_pages(), "/login", "/static/style.css", "/nowhere"):
            answer = await browser.get(path, **foreign)
            assert answer.status_code == 421, path
            assert "NOTIFIER_PUBLIC_URL" in answer.text
        for path in PROBES:
            assert (await browser.get(path, **foreign)).status_code == 200
        posted = await browser.client.post("/login", headers=foreign)
        assert posted.status_code == 421


@pytest.mark.parametrize(
    "head",
    [
        "GET /login HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n",
        "GET /login HTTP/1.0\r\n\r\n",
        "GET /login HTTP/1.1\r\nhost:\r\n\r\n",
        "GET http://localhost/login HTTP/1.1\r\nhost: evil.example\r\n\r\n",
    ],
)
async def test_two_names_and_none_are_no_name(tmp_path: Path, head: str) -> None:
    async with served(tmp_path) as page:
        reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
        writer.write(head.encode())
        line = await reader.readline()
        assert line.split()[1] in (b"400", b"421"), line
        writer.close()


async def test_every_answer_carries_the_headers(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        answers = [await browser.get(path) for path in map(filled, SEEN)]
        answers += [
            await browser.get(path) for path in ("/login", "/static/style.css", "/none")
        ]
        answers += [await browser.get("/", host="evil.example")]
        answers += [await browser.get("/healthz"), await browser.post("/logout", token="x")]
        answers += [await browser.client.put("/"), await browser.post("/login", password="x")]
        for answer in answers:
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, answer.url
        policy = HEADERS["content-security-policy"]
        assert "unsafe" not in policy
        assert "nonce" not in policy
        assert "http" not in policy


async def test_a_form_beyond_all_bounds_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        answer = await browser.act("/logout", much="x" * 100_000)
        assert answer.status_code == 413


async def test_pokes_and_probes_go_on_beside_the_page(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        assert (await browser.client.post(f"/poke/{POKE_SECRET}")).status_code == 204
        assert (await browser.client.post("/poke/wrong")).status_code == 404
        assert (await browser.get("/healthz")).json() == {"alive": True}


async def test_looking_changes_nothing_in_the_database(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await page.store.run(fill, leads=20, now_ms=page.now_ms())
        before = await page.store.read(dumped)
        lead = {"bot_id": BOT, "lead_id": f"{4:024x}"}
        pages = [filled(path, **lead) for path in SEEN]
        for path in pages:
            assert (await browser.get(path)).status_code == 200, path
        for path in (*pages, "/login", "/static/style.css", "/nowhere"):
            await browser.get(f"{path}?q=a&state=dead&since=2h&by=status&lead={BOT}/{4:024x}")
            await browser.client.head(path)
        assert await page.store.read(dumped) == before


def dumped(session: object) -> list[str]:
    return list(session.iterdump())  # type: ignore[attr-defined]
