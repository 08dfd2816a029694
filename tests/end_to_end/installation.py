"""A whole installation on loopback: the program, its upstream and three receivers.

Whatever a test does with it, at the end no output and no database file may hold
a secret, no output a traceback, and no log line a visitor's words.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from notifier.core.records import LEAD, NON_LEAD, Source, parse
from notifier.simulator.server import Simulator
from notifier.simulator.world import World
from notifier.store.schema import MIGRATIONS
from notifier.store.tables import tables_of
from support.databases import Database
from support.mail import MailServer
from support.program import Program
from support.receivers import Receiver
from support.site import Site, environment
from support.slack import Slack

MARKER = "Zq7SECRETq7Z"
SHORTEST_WORDS = 8
NOBODYS = Source(name="", bot_id="", customer_id="")
TOKEN = f"token-{MARKER}"
SLACK_TOKEN = f"xoxb-{MARKER}"
MAIL_PASSWORD = f"password-{MARKER}"
# Base64, so that the marker stands in it as it is written.
SIGNING_SECRET = f"whsec_{MARKER * 3}"
HOOK_PATH = f"/hook/{MARKER}"
CHANNEL = "C0000000001"

RULES = """\
agents:
  631aa793bcfa100487d13d0d: {name: Asha Rao, slack: U024BE7LH, email: asha@example.com}

destinations:
@destinations@

rules:
  - name: New or changed
    when: [lead.created, lead.status_changed, lead.assigned, lead.reassigned, lead.unassigned]
    send: [@send@]
  - name: Trouble
    when: [source.down, source.up, destination.down, destination.up, delivery.dead]
    send: [@send@]
"""
DESTINATIONS = {
    "crm": '{type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}"}',
    "sales": '{type: slack, channel: "#sales-leads"}',
    "boss": "{type: email, to: boss@example.com}",
}


def rules_text(*send: str) -> str:
    """Return rules that send everything to these destinations."""
    destinations = "\n".join(f"  {name}: {DESTINATIONS[name]}" for name in send)
    return RULES.replace("@destinations@", destinations).replace("@send@", ", ".join(send))


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation(Site):
    """The program with everything around it."""

    slack: Slack
    mail: MailServer

    def check_discretion(self) -> None:
        """Fail where a secret, a traceback or a visitor's words stand where they must not."""
        visitors = self._visitors_words()
        for process in self.program.processes:
            for said in (process.out, process.err):
                assert MARKER not in said
                assert "Traceback" not in said
            assert [words for words in visitors if words in process.err] == []
        for path in self.program.folder.glob("notifier.db*"):
            assert MARKER.encode() not in path.read_bytes()
        if self.kept is not None and not self.kept.is_file:
            for table in tables_of(MIGRATIONS):
                assert MARKER not in str(self.rows(f"SELECT * FROM {table}"))

    def _visitors_words(self) -> list[str]:
        """Return names, addresses and last messages, but for those too short to tell."""
        world = self.simulator.world
        rows = [world.row(one) for kind in (LEAD, NON_LEAD) for one in world.ids(kind)]
        leads = [parse(row, listing_type=LEAD, source=NOBODYS, agents={}) for row in rows]
        words = [(lead.name, lead.email, lead.phone) for lead in leads]
        last = [lead.last_message.text for lead in leads if lead.last_message]
        return [one for one in (*chain(*words), *last) if one and len(one) >= SHORTEST_WORDS]


@asynccontextmanager
async def installation(
    place: Path | Database,
    *,
    send: tuple[str, ...] = ("crm",),
    leads: int = 45,
    **settings: str,
) -> AsyncIterator[Installation]:
    """Set everything up in a folder, whose file or server is the database.

    ``settings`` are more of the environment's variables.
    """
    kept = Database(place) if isinstance(place, Path) else place
    folder = kept.folder
    if not kept.is_file:
        # A password that the server does not ask for: it must stand nowhere.
        with_password = kept.setting.replace("postgres@", f"postgres:{MARKER}@")
        settings = {"NOTIFIER_DATABASE": with_password} | settings
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(leads)
    (folder / "rules.yaml").write_text(rules_text(*send), encoding="utf-8")
    async with (
        Simulator(world, token=TOKEN, per_minute=None) as simulator,
        Receiver(SIGNING_SECRET) as receiver,
        Slack(channels={"sales-leads": CHANNEL}, token=SLACK_TOKEN) as slack,
        MailServer(user="notifier", password=MAIL_PASSWORD) as mail,
    ):
        known = environment(
            simulator.url,
            TOKEN,
            NOTIFIER_POLL_INTERVAL="200ms",
            NOTIFIER_RATE_LIMIT="6000",
            NOTIFIER_TIMEZONE="UTC",
            NOTIFIER_LOG_LEVEL="debug",
            NOTIFIER_SLACK_TOKEN=SLACK_TOKEN,
            NOTIFIER_SLACK_API_URL=slack.url,
            NOTIFIER_SMTP_URL=mail.url,
            NOTIFIER_SMTP_FROM="notifier@example.com",
            CRM_URL=receiver.base_url + HOOK_PATH,
            CRM_SECRET=SIGNING_SECRET,
        )
        installed = Installation(
            world=world,
            simulator=simulator,
            receiver=receiver,
            slack=slack,
            mail=mail,
            program=Program(folder, known | settings, is_forked=True),
            kept=kept,
        )
        yield installed
        installed.check_discretion()


def names(folder: Path) -> list[str]:
    """Return the names of what a folder holds."""
    return sorted(path.name for path in folder.iterdir())
