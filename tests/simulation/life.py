"""Lives a story: the real program, from process to process, until it has come to rest."""

import asyncio
import gc
import io
import logging
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import aiohttp.connector
import async_solipsism
import pytest
import structlog

from notifier import threads
from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import Configuration, load_configuration
from notifier.core.acts import Act, Release, Snooze, Take
from notifier.core.people import Person, Through
from notifier.dispatcher import lane
from notifier.errors import StoreError
from notifier.poller import alarm
from notifier.service import assembly, housekeeping, upkeep
from notifier.service.service import Service
from notifier.simulator.world import BOT_ID, CUSTOMER_ID
from notifier.store import db
from notifier.store.sqlite_session import connected
from notifier.transactions.acts import Actor, Done, act
from notifier.transactions.leads import current_lead
from simulation.disk import Disk, Moment, engine_on
from simulation.lasting import Lasting
from simulation.loop import InlineExecutor, InlineThread, KilledError, SeededLoop
from simulation.receivers import Hook, Mail, Slack
from simulation.rules import EPOCH, RULES, RULES_BEFORE, SECRET
from simulation.servers import Server, Trouble
from simulation.story import MINUTE_S, Entry, Story
from simulation.upstream import Upstream, upstream
from simulation.version_before import put_back

WATCH_S = 300.0
LONGEST_WAIT_S = 1_800.0
PROMPT_S = 25.0
RESTART_S = 5.0
"""As systemd/notifier.service says."""
OWN_FAULTS = (
    "clock set",
    "stopped",
    "killed at an await",
    "not started on a full disk",
    "frozen",
    "upgraded",
)


class Version(Enum):
    """Which version of the program there is."""

    BEFORE = auto()
    INSTALLED = auto()  # today's, which has not begun yet
    TODAY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What a person did about a lead, and the id of its event."""

    at_s: float
    what: str
    lead: str
    event: str


@dataclass(slots=True)
class Life:
    """Everything around the program: it outlives each of its processes.

    Times are seconds since the simulation began, by a clock that nobody sets;
    ``ahead_s`` is how wrong the host's wall clock is.
    """

    story: Story
    folder: Path
    now_s: float = 0.0
    ahead_s: float = 0.0
    loop: SeededLoop | None = None
    disk: Disk = field(default_factory=Disk)
    lives: list[tuple[float, float]] = field(default_factory=list)
    log: Counter[str] = field(default_factory=Counter)
    acts: list[Acted] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    upstream: Upstream = field(init=False)
    crm: Hook = field(init=False)
    audit: Hook = field(init=False)
    slack: Slack = field(init=False)
    mail: Mail = field(init=False)
    servers: dict[str, Server] = field(init=False)
    lasting: Lasting = field(init=False)
    _rng: Random = field(init=False)
    _left: list[Entry] = field(init=False)
    _ends: dict[int, Any] = field(default_factory=dict)
    _down_s: float = 0.0
    _back_s: float = 0.0
    _is_buried: bool = False
    _version: Version = Version.TODAY
    _upgrade: Entry | None = None
    _config: Configuration | None = None
    _begun: int = 0
    _deaths: list[Entry] = field(default_factory=list)
    _armed: Entry | None = None

    def __post_init__(self) -> None:
        story = self.story
        self._rng = Random(story.seed)
        self._left = list(story.entries)
        self.lasting = Lasting(
            story=story, clock_s=self.clock_s, effects=self.effects, later=self._later
        )
        if story.upgraded_s:
            self._version = Version.BEFORE
        self.upstream = upstream(
            story,
            clock=lambda: EPOCH + timedelta(seconds=self.clock_s()),
            clock_s=self.clock_s,
        )
        self.crm, self.audit = Hook(self.clock_s), Hook(self.clock_s)
        self.slack = Slack(self.clock_s)
        self.mail = Mail(self.clock_s, port=8025)
        answers = {
            "upstream": self.upstream.answer,
            "crm": self.crm.answer,
            "audit": self.audit.answer,
            "slack": self.slack.answer,
        }
        self.servers = {
            name: Server(name=name, port=8000 + index, answer=answer, latency_s=self._latency_s)
            for index, (name, answer) in enumerate(answers.items())
        }
        self.crm.server, self.audit.server = self.servers["crm"], self.servers["audit"]
        self.slack.server = self.servers["slack"]

    def patch(self, patched: pytest.MonkeyPatch) -> None:
        """Put the simulated disk, and slower looks, into the program.

        What looks around by itself, twice a second or each minute, takes most of a quiet
        night's time; and a wake-up that gets lost is then found out.
        """
        patched.setattr(assembly, "engine_at", engine_on(self.disk))
        patched.setattr(housekeeping, "WATCH_S", WATCH_S)
        patched.setattr(upkeep, "LOOK_S", WATCH_S)
        patched.setattr(alarm, "LOOK_S", WATCH_S)
        patched.setattr(lane, "LONGEST_WAIT_S", LONGEST_WAIT_S)

    def clock_s(self) -> float:
        """Return the true time."""
        return self.loop.time() if self.loop else self.now_s

    def _latency_s(self) -> float:
        return self._rng.choice((0.01, 0.05, 0.05, 0.3, 2.0))

    def wall(self) -> datetime:
        """Return the host's own idea of the time."""
        return EPOCH + timedelta(seconds=self.clock_s() + self.ahead_s)

    def lived(self) -> None:
        """Live the story to its end."""
        while self.now_s < self.story.ends_s:
            begun_s = self.now_s
            self._process()
            self.lives.append((begun_s, self.now_s))
            self._put_back()
            self._pass(self._down_s)
            self._down_s = 0.0
        self.story = self.lasting.happened()

    def _pass(self, seconds: float) -> None:
        """Let time pass while no process runs."""
        self._back_s = self.now_s + seconds
        while self._left and self._left[0].at_s <= self._back_s:
            self.now_s = max(self.now_s, self._left[0].at_s)
            self._happens(self._left.pop(0))
        self.now_s = self._back_s

    def _leave(self, entry: Entry) -> None:
        """Let no process run for a while; after an upgrade the next is of today's version."""
        back_s = self.now_s + entry.lasts_s
        is_met = self.loop is not None or back_s > self._back_s
        if self.loop is not None:
            self._down_s = entry.lasts_s
        elif is_met:
            self._back_s = back_s
        if entry.what == "stop":
            again_s = self._back_s + MINUTE_S
            if not is_met and again_s < self.story.rests_from_s:  # one has to begin, to end
                self._put(replace(entry, at_s=again_s))
                return
            self.met["stopped"] += is_met
            self.lasting.idle["stopped"] += not is_met
            return
        self._version, self._config, self._upgrade = Version.INSTALLED, None, entry
        if self.loop is None:
            self._put_back()

    def _put_back(self) -> None:
        """Let the database be what the version before has left, once that has ended."""
        database = self.folder / "notifier.db"
        if self._upgrade is not None:
            if database.exists():
                put_back(database, self._upgrade.text)
            self.met["upgraded"] += 1
            if self._upgrade.number:
                self.disk.dies = (Moment.STATEMENT, self._upgrade.number)
            self._upgrade = None

    def _process(self) -> None:
        """Run one process of the program until it is killed, stopped, or the story ends."""
        loop = self.loop = SeededLoop(self._rng, start_s=self.now_s)
        main = loop.create_task(self._main(loop))
        main.add_done_callback(lambda _: loop.stop())
        asyncio.set_event_loop(loop)
        self._arm()
        try:
            loop.run_forever()
        finally:
            self.now_s = loop.time()
            self.loop = None
            self._bury(loop, self.disk)
        if main.done() and (error := main.exception()):
            self._ended_by(error)

    def _bury(self, loop: SeededLoop, disk: Disk) -> None:
        """Put a process away: what it still says is not said."""
        if loop.is_dead and loop.dies_at_step is not None:
            self.met["killed at an await"] += 1
        is_of_disk = self._armed is not None and self._armed.text != "await"
        # A disk's death clears itself, also one that met the process before its loop ran.
        if self._armed is not None and (loop.is_dead or (is_of_disk and disk.dies is None)):
            self._deaths.remove(self._armed)
            self._down_s = max(self._down_s, self._armed.lasts_s)
        self._armed = None
        disk.dies = None
        disk.crash()
        self._is_buried = True
        _buried(loop)
        self._is_buried = False

    def _ended_by(self, error: BaseException) -> None:
        """Begin again after a while, as systemd does, where no process could start."""
        if isinstance(error, KilledError):  # it died before it had begun
            self._down_s = RESTART_S
            return
        group = (
            error if isinstance(error, BaseExceptionGroup) else BaseExceptionGroup("", [error])
        )
        if group.split(StoreError)[1] is not None:
            raise error
        if not self.disk.is_full:
            self.crashed.append(f"it does not begin: {error}")
            self._left.clear()
            self.now_s = self.story.ends_s
            return
        self.met["not started on a full disk"] += 1
        self._down_s = RESTART_S

    async def _main(self, loop: SeededLoop) -> None:
        for server in self.servers.values():
            await server.open(loop)
        await self.mail.open(loop)
        async with self._assembled(loop, self.wall) as service:
            if self._version is Version.INSTALLED:
                self._version = Version.TODAY
            telling = loop.create_task(self._tell(loop, service))
            await service.run()
            telling.cancel()

    @asynccontextmanager
    async def _assembled(
        self, loop: SeededLoop, wall: Callable[[], datetime]
    ) -> AsyncIterator[Service]:
        """Give the program as it is, on a host whose clock shows ``wall``."""
        config = self.config

        def monotonic_ms() -> int:
            return round(1000 * float(loop.time()))

        clocks = Clocks(
            now=wall, monotonic_ms=monotonic_ms, boot_ms=monotonic_ms, jitter=self._rng.random
        )
        async with assembly.assembled(
            config, clocks=clocks, out=io.StringIO(), reread=lambda: config
        ) as service:
            yield service

    async def _tell(self, loop: SeededLoop, service: Service) -> None:
        """Let each entry happen when its time has come."""
        while self._left:
            await asyncio.sleep(max(self._left[0].at_s - loop.time(), 0))
            entry = self._left.pop(0)
            self._happens(entry)
            if entry.what in ("stop", "upgrade"):
                service.stop()
                return
        await asyncio.sleep(self.story.ends_s - loop.time())
        service.stop()

    def _happens(self, entry: Entry) -> None:
        match entry.what:
            case "trouble" | "odd answers":
                host, _, name = entry.text.partition(": ")
                turn = self._trouble if entry.what == "trouble" else self._odd
                self.lasting.begin(entry, partial(turn, host, name), partial(turn, host, ""))
            case "disk full":
                self.lasting.begin(entry, partial(self._fill, entry.number), self._free)
            case "clock":
                self._mistake(entry, self._set_clock)
            case "others use the token":
                begin, end = partial(self._share, True), partial(self._share, False)
                self.lasting.begin(entry, begin, end)
            case "bad record":
                begin = partial(self.upstream.happens, entry)
                self.lasting.begin(entry, begin, self.upstream.mend)
            case "kill":
                self._await(entry) if entry.once else self._kill(entry)
            case "end":
                self._ends.pop(entry.number)()
            case "stop" | "upgrade":
                self._leave(entry)
            case "take" | "release" | "snooze":
                self._act(entry)
            case _:
                self.upstream.happens(entry)

    def _await(self, entry: Entry) -> None:
        """Let it happen as soon as the server takes a request."""
        asked = partial(self._happens, replace(entry, once=""))
        self.servers[entry.once].when_asked.append(asked)

    def _later(self, at_s: float, turn: Callable[[], object]) -> None:
        """Let something happen then, whatever process lives."""
        number = self._begun = self._begun + 1
        self._ends[number] = turn
        self._put(Entry(at_s=at_s, what="end", number=number))

    def _put(self, entry: Entry) -> None:
        self._left.append(entry)
        self._left.sort(key=lambda one: one.at_s)

    @property
    def disks(self) -> list[Disk]:
        """What each process writes to."""
        return [self.disk]

    @property
    def prompt_s(self) -> float:
        """Within how long what was observed is told, where nothing is wrong."""
        return PROMPT_S

    def ends_s(self) -> list[float]:
        """Return when a process ended, who may have forgotten what it had just done."""
        return [end_s for _, end_s in self.lives]

    def changed_hands(self, from_s: float, until_s: float) -> bool:
        """Whether another process went on with the work between these times."""
        return any(from_s <= end_s <= until_s for _, end_s in self.lives)

    def effects(self) -> Counter[str]:
        """Return how often each fault has taken effect until now."""
        met = Counter({name: self.met[name] for name in OWN_FAULTS})
        for disk in self.disks:
            met.update(f"killed {moment}" for moment in disk.died)
            met["disk full"] += disk.met_full
        met["token used by others"] = self.upstream.refused
        met["bad record"] = self.upstream.bad_records
        for name, number in self.upstream.odd_answers.items():
            met[f"upstream: {name}"] += number
        for name, hook in (("crm", self.crm), ("audit", self.audit)):
            for status, number in hook.refused.items():
                met[f"{name}: {status}"] += number
        troubles = {name: server.met for name, server in self.servers.items()}
        for name, found in (troubles | {"mail": self.mail.met}).items():
            for trouble, number in found.items():
                met[f"{name}: {trouble}"] += number
        return met

    def _act(self, entry: Entry) -> None:
        """Let a person act on a lead, as a command does: from a process of its own."""
        config, at = self.config, self.wall()
        sources = {one.source.bot_id: one.source for one in config.sources}
        wanted: dict[str, Act] = {
            "take": Take(),
            "release": Release(),
            "snooze": Snooze(until=at + timedelta(hours=1)),
        }
        person = Person(agent=entry.text, name=entry.text, slack=None)
        is_able = self._version is Version.TODAY
        if not is_able or not self.upstream.ids or not (self.folder / "notifier.db").exists():
            return
        lead_id = self.upstream.lead(entry.number)
        with closing(connected(self.folder / "notifier.db")) as session:
            result = session.whole(
                lambda: act(
                    session,
                    f"{BOT_ID}/{lead_id}",
                    wanted[entry.what],
                    Actor(by=person, through=Through.CLI),
                    rules=config.ruleset,
                    current_lead=partial(current_lead, watched=sources, rules=config.ruleset),
                    at=at,
                )
            )
        self.met[f"act: {type(result).__name__}"] += 1
        if isinstance(result, Done):
            at_s, event_id = self.clock_s(), result.event.id
            done = Acted(at_s=at_s, what=entry.what, lead=lead_id, event=event_id)
            self.acts.append(done)

    def _trouble(self, host: str, name: str) -> None:
        trouble = Trouble(name) if name else None
        if host == "mail":
            self.mail.trouble = trouble
        else:
            self.servers[host].trouble = trouble
            self.servers[host].refused.clear()

    def _odd(self, host: str, name: str) -> None:
        if host == "upstream":
            self.upstream.odd = name
        else:
            {"crm": self.crm, "audit": self.audit}[host].status = name

    def _fill(self, after: int) -> None:
        for disk in self.disks:
            disk.is_full, disk.fills_after = not after, after

    def _free(self) -> None:
        for disk in self.disks:
            disk.is_full, disk.fills_after = False, 0

    def _mistake(self, entry: Entry, set_clock: Callable[[int], None]) -> None:
        """Let a clock be wrong for a while."""

        def begin() -> None:
            self.met["clock set"] += 1
            set_clock(entry.number)

        self.lasting.beside(entry, begin, partial(set_clock, -entry.number))

    def _set_clock(self, by_s: int) -> None:
        self.ahead_s += by_s

    def _share(self, foreign: bool) -> None:
        self.upstream.foreign = foreign

    def _kill(self, entry: Entry) -> None:
        self._deaths.append(entry)
        self._arm()

    def _arm(self) -> None:
        """Let the process that lives die the first death that nobody has died yet."""
        is_over = self.clock_s() >= self.story.rests_from_s and self.story.days
        is_dying = self._armed is not None or self.disk.dies is not None
        if self.loop is None or is_over or is_dying or not self._deaths:
            return
        death = self._armed = self._deaths[0]
        if death.text == "await":
            self.loop.dies_at_step = self.loop.steps + death.number
        else:
            self.disk.dies = (Moment(death.text), death.number)

    @property
    def config(self) -> Configuration:
        """What the operator decided; it is read once, which takes a tenth of a second."""
        if self._config is None:
            self._config = self._read_config()
        return self._config

    def _read_config(self) -> Configuration:
        rules = self.folder / "rules.yaml"
        is_before = self._version is Version.BEFORE
        rules.write_text(RULES_BEFORE if is_before else RULES, encoding="utf-8")
        variables = {
            "NOTIFIER_BASE_URL": self.servers["upstream"].url,
            "NOTIFIER_TOKEN": "simulated",
            "NOTIFIER_BOT_ID": BOT_ID,
            "NOTIFIER_CUSTOMER_ID": CUSTOMER_ID,
            "NOTIFIER_RULES": str(rules),
            "NOTIFIER_DATABASE": str(self.folder / "notifier.db"),
            "NOTIFIER_POLL_INTERVAL": f"{self.story.poll_s}s",
            "NOTIFIER_RATE_LIMIT": str(self.story.limit),
            "NOTIFIER_TIMEZONE": "Europe/Berlin",
            "NOTIFIER_SLACK_TOKEN": "xoxb-simulated",
            "NOTIFIER_SLACK_API_URL": f"{self.servers['slack'].url}/api/",
            "NOTIFIER_SMTP_URL": f"smtp+plain://127.0.0.1:{self.mail.port}",
            "NOTIFIER_SMTP_FROM": "notifier@example.com",
            "NOTIFIER_RETENTION": "400d",
            "SECRET": SECRET,
        }
        return load_configuration(read_environment(variables, folder=self.folder))

    def noted(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        """Count the program's log lines; keep those that tell of a fault of its own."""
        if self._is_buried:
            raise structlog.DropEvent
        name = str(event.get("event"))
        self.log[name] += 1
        if name.endswith("_crashed") or name == "start_incomplete":
            self.crashed.append(f"{name}: {event.get('exc_info') or event}")
        raise structlog.DropEvent


@contextmanager
def simulated(story: Story, kind: type[Life] = Life) -> Iterator[Life]:
    """Give a life to live, in a folder of its own; the log and the network are its own, too."""
    unraisable, sys.unraisablehook = sys.unraisablehook, lambda _: None
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="notifier-simulated-", dir=_memory()) as folder,
        pytest.MonkeyPatch.context() as patched,
    ):
        life = kind(story, Path(folder))
        network: Any = aiohttp.connector
        # As the documentation of the simulated sockets says; and idle connections age with
        # simulated time.
        connect = async_solipsism.aiohappyeyeballs_start_connection
        patched.setattr(network.aiohappyeyeballs, "start_connection", connect)
        patched.setattr(network, "monotonic", life.clock_s)
        patched.setattr(db, "ThreadPoolExecutor", InlineExecutor)
        patched.setattr(threads, "Thread", InlineThread)
        life.patch(patched)
        structlog.configure(processors=[life.noted])
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")  # of coroutines that died waiting, and rounded times
        gc.freeze()  # what is collected after each process is what was its own
        try:
            yield life
        finally:
            gc.unfreeze()
            gc.collect()
            logging.disable(logging.NOTSET)
            structlog.reset_defaults()
            sys.unraisablehook = unraisable


def _memory() -> str | None:
    """Return a folder whose files are in memory: a simulated disk need not turn."""
    place = Path("/dev/shm")
    return str(place) if place.is_dir() else None


def _buried(loop: SeededLoop) -> None:
    """Put a loop away: what its tasks would still do is not done."""
    loop.is_dead = True
    # The set's order depends on what other loops had before.
    for task in sorted(asyncio.all_tasks(loop), key=hash):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        coroutine = task.get_coro()
        with suppress(RuntimeError, KilledError):
            assert coroutine is not None
            coroutine.close()
    loop.close()
    gc.collect()
