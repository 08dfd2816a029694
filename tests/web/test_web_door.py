"""Signing in, staying in, and signing out."""

from pathlib import Path

import pytest
from page_house import OPERATOR, VIEWER, browsing, served

from notifier.web.sessions import Role


async def test_the_page_opens_with_its_password_and_with_no_other(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        closed = await browser.get("/")
        assert (closed.status_code, closed.headers["location"]) == (303, "/login")
        wrong = await browser.post("/login", password="Correct horse")
        assert wrong.status_code == 403
        assert "not the password" in wrong.text
        opened = await browser.post("/login", password=OPERATOR)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert (
            "All is well" in (await browser.get("/")).text
            or "need" in (await browser.get("/")).text
        )


async def test_whoever_wanted_a_page_gets_there_once_signed_in(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        closed = await browser.get("/logout?x=1&y=%2F")
        assert closed.headers["location"] == "/login?next=%2Flogout%3Fx%3D1%26y%3D%252F"
        form = await browser.get(closed.headers["location"])
        assert 'name="next" value="/logout?x=1&amp;y=%2F"' in form.text
        opened = await browser.post("/login", password=OPERATOR, next="/logout?x=1&y=%2F")
        assert opened.headers["location"] == "/logout?x=1&y=%2F"


@pytest.mark.parametrize(
    "where",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example"),
        *("javascript:alert(1)", "evil", "/\r\nset-cookie: a=b", "/\u0130", " /", ""),
    ],
)
async def test_signing_in_leads_nowhere_else(tmp_path: Path, where: str) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        opened = await browser.post("/login", password=OPERATOR, next=where)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert "set-cookie" in opened.headers
        assert opened.headers.get_list("set-cookie")[0].startswith("notifier_session=")


async def test_the_cookie_is_for_this_page_alone(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        opened = await browser.post("/login", password=OPERATOR)
        parts = {one.strip().lower() for one in opened.headers["set-cookie"].split(";")[1:]}
        assert parts == {"httponly", "samesite=strict", "path=/", "max-age=43200"}


async def test_under_https_the_cookie_is_for_https_alone(tmp_path: Path) -> None:
    public = "https://alerts.example.com"
    async with served(tmp_path, public_url=public) as page, browsing(page) as browser:
        answer = await browser.client.post(
            "/login",
            data={"password": OPERATOR},
            headers={"host": "alerts.example.com", "origin": public},
        )
        assert answer.status_code == 303
        assert "; Secure" in answer.headers["set-cookie"]
        beside = await browser.post("/login", password=OPERATOR)
        assert "; Secure" not in beside.headers["set-cookie"]


async def test_five_wrong_passwords_a_minute_shut_out_the_right_one(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page) as browser:
        for _ in range(5):
            assert (await browser.post("/login", password="x")).status_code == 403
        assert (await browser.post("/login", password=OPERATOR)).status_code == 429
        forwarded = await browser.client.post(
            "/login",
            data={"password": OPERATOR},
            headers={"origin": page.base, "x-forwarded-for": "10.0.0.9", "forwarded": "for=1"},
        )
        assert forwarded.status_code == 429
        page.pass_time(seconds=61)
        assert (await browser.post("/login", password=OPERATOR)).status_code == 303


async def test_a_session_lasts_twelve_hours(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        page.pass_time(hours=11.9)
        assert (await browser.get("/")).status_code == 200
        page.pass_time(hours=0.2)
        assert (await browser.get("/")).status_code == 303


async def test_a_session_survives_a_restart_and_no_changed_password(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        cookie = browser.client.cookies["notifier_session"]
    async with served(tmp_path) as page, browsing(page) as browser:
        assert (await browser.get("/", cookie=f"notifier_session={cookie}")).status_code == 200
    changed = {Role.OPERATOR: "another one", Role.VIEWER: VIEWER}
    async with served(tmp_path, passwords=changed) as page, browsing(page) as browser:
        assert (await browser.get("/", cookie=f"notifier_session={cookie}")).status_code == 303


async def test_signing_out_ends_a_copied_cookie_too(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        cookie = browser.client.cookies["notifier_session"]
        assert "Sign out?" in (await browser.get("/logout")).text
        left = await browser.act("/logout")
        assert (left.status_code, left.headers["location"]) == (303, "/login")
        assert "notifier_session" not in browser.client.cookies
        async with browsing(page) as other:
            copied = {"cookie": f"notifier_session={cookie}"}
            assert (await other.get("/", **copied)).status_code == 303
    async with served(tmp_path) as page, browsing(page) as other:
        assert (await other.get("/", cookie=f"notifier_session={cookie}")).status_code == 303


async def test_a_cookie_that_was_tampered_with_opens_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, VIEWER) as browser:
        cookie = browser.client.cookies["notifier_session"]
        said, _, signature = cookie.rpartition(".")
        for forged in (
            cookie.replace("viewer", "operator", 1),
            f"{said}x.{signature}",
            f"{said}.{signature[:-2]}",
            *("", ".", "..", "...", "operator.1.x.y", "operator..x.", f"{said}.\u00fc", said),
        ):
            raw = f"notifier_session={forged}".encode()
            answer = await browser.client.get("/", headers=[(b"cookie", raw)])
            assert answer.status_code == 303, forged
