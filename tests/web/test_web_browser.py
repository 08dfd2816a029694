"""The page in a real browser, as people use it."""

from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from hostile import hostile_rows
from page_filled import BOT, fill
from page_house import OPERATOR, VIEWER, Served, served
from selenium.webdriver.common.keys import Keys
from test_web_hostile import LISTS, delivery_paths, lead_paths, poll

from notifier.core.rows import Json
from notifier.store import mutes, registry
from notifier.store.health import MuteTarget
from notifier.store.session import Session
from support.browser import Window, axe, window

LEAD = f"/leads/{BOT}/{4:024x}"
PAGES = (
    *("/", "/leads", LEAD, "/deliveries", "/deliveries?state=dead", "/deliveries/5"),
    *("/response", "/rules", "/destinations", "/acts", "/logout"),
)
WIDTHS = (360, 800, 1600)


async def filled(page: Served, leads: int = 120) -> None:
    await page.store.run(fill, leads=leads, now_ms=page.now_ms())


def force(session: Session, page: Served) -> None:
    names = {name: one.kind for name, one in page.rules.destinations.items()}
    rules = [one.name for one in page.rules.rules]
    registry.set_active(session, watched={BOT: "website"}, destinations=names, rules=rules)


FOUND = """return [
    performance.getEntriesByType('resource').map(one => one.name),
    window.pwned,
    document.documentElement.scrollWidth - window.innerWidth,
]"""
"""What a page has loaded, whether it was overcome, and by how much it is too wide."""


async def test_an_operator_finds_follows_and_mends(tmp_path: Path) -> None:
    async with served(tmp_path) as page, window(page.base, tmp_path / "profile") as browser:
        await filled(page)
        await page.store.run(force, page)
        await browser.do(follows)
        assert page.looks >= 2


def follows(here: Window) -> None:
    here.sign_in(OPERATOR)
    here.says("need you")
    here.follow("Leads")
    here.find("#q").send_keys("visitor42@example.com", Keys.ENTER)
    here.says("Meera Nair 42")
    here.follow("Meera Nair 42")
    here.says("What each rule makes of it")
    here.go("/deliveries?state=dead")
    here.press("Retry all")
    here.says("due again")
    assert here.driver.current_url.endswith("/deliveries?state=dead")
    here.go("/destinations")
    here.press("Enable")
    here.says("crm is up")
    here.go("/rules")
    here.press("Try")
    here.says("New lead: Asha, India")
    assert here.complaints() == []


async def test_the_page_keeps_itself_up_to_date(tmp_path: Path) -> None:
    async with served(tmp_path) as page, window(page.base, tmp_path / "profile") as browser:
        await page.store.run(force, page)
        await browser.do(lambda here: here.sign_in(OPERATOR))
        await browser.do(lambda here: here.go("/rules"))
        await browser.do(lambda here: here.says("never matched"))
        until_ms = page.now_ms() + 3_600_000
        await page.store.run(mutes.mute, MuteTarget.RULE, "New lead", until_ms=until_ms)
        await browser.do(lambda here: here.says("Unmute"))
        assert await browser.do(lambda here: here.complaints()) == []


OUT_OF_DATE = "This page is out of date"


async def test_a_page_that_cannot_be_read_again_says_so_until_it_can(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with served(tmp_path) as page:
            browser = await stack.enter_async_context(window(page.base, tmp_path / "profile"))
            await browser.do(lambda here: here.sign_in(OPERATOR))
            await browser.do(lambda here: here.says("Sources"))
            assert OUT_OF_DATE not in await browser.do(lambda here: here.words)
        await browser.do(lambda here: here.says(OUT_OF_DATE))
        async with served(tmp_path, port=page.port):
            await browser.do(lambda here: here.misses(OUT_OF_DATE))


async def test_a_page_whose_session_is_over_asks_for_the_password(tmp_path: Path) -> None:
    async with served(tmp_path) as page, window(page.base, tmp_path / "profile") as browser:
        await browser.do(lambda here: here.sign_in(OPERATOR))
        await browser.do(lambda here: here.go("/deliveries"))
        page.pass_time(hours=13)
        await page.store.run(force, page)
        await browser.do(lambda here: here.says("Password"))
        await browser.do(lambda here: here.find("#password").send_keys(OPERATOR, Keys.ENTER))
        await browser.do(lambda here: here.says("Sign out"))
        assert (await browser.do(lambda here: here.driver.current_url)).endswith("/deliveries")


COUNTS_STREAMS = """
const Real = EventSource;
window.streams = 0;
window.EventSource = class extends Real {
  constructor(address) { super(address); window.streams += 1; }
  close() { super.close(); window.streams -= 1; }
};
"""


async def test_a_tab_that_nobody_sees_listens_to_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as page, window(page.base, tmp_path / "profile") as browser:
        await browser.do(hides)


def hides(here: Window) -> None:
    script = {"source": COUNTS_STREAMS}
    here.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
    here.sign_in(OPERATOR)
    here.becomes("return [document.hidden, window.streams]", [False, 1])
    here.driver.minimize_window()
    here.becomes("return [document.hidden, window.streams]", [True, 0])
    here.driver.set_window_rect(0, 0, 900, 900)
    here.becomes("return [document.hidden, window.streams]", [False, 1])


async def test_whoever_has_no_mouse_gets_everywhere(tmp_path: Path) -> None:
    async with served(tmp_path) as page, window(page.base, tmp_path / "profile") as browser:
        await filled(page)
        await browser.do(types)


def types(here: Window) -> None:
    here.go("/login")
    here.driver.switch_to.active_element.send_keys(OPERATOR, Keys.ENTER)
    here.says("need you")
    seen = []
    for _ in range(12):
        here.driver.switch_to.active_element.send_keys(Keys.TAB)
        held = here.driver.switch_to.active_element
        seen.append(held.text or held.get_attribute("aria-label"))
        if held.text == "Leads":
            held.send_keys(Keys.ENTER)
            break
    here.says("Changed within")
    assert seen[0] == "To the content"


async def test_without_scripts_the_page_is_whole(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as page,
        window(page.base, tmp_path / "profile", scripts=False) as browser,
    ):
        await filled(page)
        await page.store.run(force, page)
        await browser.do(follows)


@pytest.mark.parametrize("leads", [0, 120])
async def test_every_page_fits_every_screen(tmp_path: Path, leads: int) -> None:
    async with served(tmp_path) as page, window(page.base, tmp_path / "profile") as browser:
        if leads:
            await filled(page, leads)
        await browser.do(lambda here: fits(here, leads))


def fits(here: Window, leads: int) -> None:
    here.sign_in(OPERATOR)
    for path in PAGES if leads else ("/", "/leads", "/deliveries", "/rules", "/acts"):
        here.go(path)
        for width in WIDTHS:
            here.size(width)
            assert here.overhang() <= 0, (path, width)
    assert here.complaints() == []


@pytest.mark.parametrize("dark", [False, True])
async def test_axe_finds_nothing_serious(tmp_path: Path, dark: bool) -> None:
    script = axe(tmp_path)
    async with (
        served(tmp_path) as page,
        window(page.base, tmp_path / "profile", dark=dark) as browser,
    ):
        await filled(page)
        await browser.do(lambda here: here.sign_in(OPERATOR))
        for path in (*PAGES, "/login", "/nowhere"):
            assert await browser.do(partial(faults, path=path, script=script)) == [], path


def faults(here: Window, *, path: str, script: str) -> list[str]:
    here.go(path)
    return here.faults(script)


@pytest.mark.parametrize("password", [OPERATOR, VIEWER])
async def test_nothing_that_a_stranger_typed_runs_loads_or_breaks_the_page(
    tmp_path: Path, password: str
) -> None:
    async with served(tmp_path) as page, window(page.base, tmp_path / "profile") as browser:
        await page.store.run(poll, page, "")
        await page.store.run(poll, page, "!")
        leads = await page.store.read(lead_paths)
        deliveries = await page.store.read(delivery_paths)
        said = quote("</title><script>window.pwned=1</script>")
        asked = (
            f"/leads?q={said}&tag={said}",
            f"/deliveries?rule={said}",
            f"/login?next={said}",
        )
        assert len(leads) == len(list[dict[str, Json]](hostile_rows()))
        # A viewer sees what an operator does, but for forms and with numbers hidden.
        every = 1 if password == OPERATOR else 4
        seen = (*leads[::every], *deliveries[:: 5 * every])
        paths = (*LISTS, *asked, *seen, "/logout", "/nowhere")
        await browser.do(lambda here: here.sign_in(password))
        for path in paths:
            await browser.do(partial(is_calm, path=path))


def is_calm(here: Window, *, path: str) -> None:
    here.go(path)
    loaded, pwned, overhang = here.driver.execute_script(FOUND)
    elsewhere = [one for one in loaded if not one.startswith(here.base)]
    assert elsewhere == [], path
    assert pwned is None, path
    assert overhang <= 0, path
    expected = "404 (Not Found)" if path == "/nowhere" else None
    said = [one for one in here.complaints() if not (expected and expected in one)]
    assert said == [], path
