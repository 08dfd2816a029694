"""Plays scripts and compares what was sent with what was expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from unicodedata import normalize

from notifier.core.acts import Snooze
from notifier.core.people import Through
from notifier.core.records import Source
from notifier.core.rows import iso_ms
from notifier.messages.digest import digest_text
from notifier.messages.text import Medium
from notifier.rehearsal.row import Fields, row_of
from notifier.rehearsal.script import Expected, Script, Step, changed
from notifier.rehearsal.stage import Sent, Stage
from notifier.rules.limits import Limits
from notifier.transactions.acts import Actor

ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a test failed: what did not come, what nobody expected, and what was right.

    ``step`` counts from 1, ``at`` is the time on stage.
    """

    step: int
    where: str
    at: datetime
    missing: tuple[Expected, ...]
    surplus: tuple[Sent, ...]
    right: tuple[Sent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a test ended; ``difference`` is ``None`` where it passed."""

    script: Script
    difference: Difference | None


def play(script: Script, limits: Mapping[str, Limits]) -> Result:
    """Play a script up to its first difference; ``limits`` are those of its destinations."""
    lead = script.lead
    stage = Stage(rules=script.rules, limits=limits, source=_source(lead), now=script.at)
    stage.open()
    if lead is not None:
        stage.read([row_of(lead)], listing_type=lead["type"])
    looked = 0
    for number, step in enumerate(script.steps, start=1):
        lead = _act(stage, step, lead)
        if step.expect is None:
            continue
        sent, looked = stage.sent[looked:], len(stage.sent)
        found = compare(step.expect, sent, step=step, number=number, at=stage.now)
        if found:
            return Result(script=script, difference=found)
    return Result(script=script, difference=None)


def _act(stage: Stage, step: Step, lead: Fields | None) -> Fields | None:
    """Let a step happen; return the lead after it."""
    if step.after is not None:
        stage.advance(stage.now + step.after)
    if step.change is not None and lead is not None:
        lead = changed(lead, step.change, at=iso_ms(stage.now))
        stage.read([row_of(lead)], listing_type=str(lead["type"]))
    if step.act is not None and lead is not None:
        wanted = step.act.wanted
        done = Snooze(stage.now + wanted) if isinstance(wanted, timedelta) else wanted
        stage.act(str(lead["id"]), done, Actor(by=step.act.by, through=Through.CLI))
    if step.event is not None:
        stage.happen(step.event.type, step.event.about, step.event.reason)
    return lead


def _source(lead: Fields | None) -> Source:
    if lead is None:
        return Source(name="default", bot_id="none", customer_id="none")
    return Source(
        name=lead["source"],
        bot_id=lead["bot_id"],
        customer_id=lead["customer_id"],
        inbox_url=lead.get("url"),
    )


def compare(
    expected: tuple[Expected, ...],
    sent: list[Sent],
    *,
    step: Step,
    number: int,
    at: datetime,
) -> Difference | None:
    """Return the difference between two sets of messages, ``None`` where there is none."""
    surplus, right = list(sent), []
    missing: list[Expected] = []
    # The most particular first: it must not find its only message taken.
    for one in sorted(expected, key=lambda one: -len("".join(one.says))):
        found = next((message for message in surplus if _fulfils(message, one)), None)
        if found is None:
            missing.append(one)
        else:
            surplus.remove(found)
            right.append(found)
    if not missing and not surplus:
        return None
    return Difference(
        step=number,
        where=step.where,
        at=at,
        missing=tuple(missing),
        surplus=tuple(surplus),
        right=tuple(right),
    )


def _fulfils(sent: Sent, expected: Expected) -> bool:
    if expected.rule not in sent.rules or expected.to != sent.to:
        return False
    text = normalize("NFC", words(sent))
    return all(normalize("NFC", part) in text for part in expected.says)


def words(sent: Sent) -> str:
    """Return all that a message says: titles and bodies, or a webhook's envelope.

    Slack's entities are shown as the characters they stand for.
    """
    message = sent.message
    texts = [part.text for part in message.parts]
    if message.digest is not None:
        texts.append(digest_text(message.parts, message.digest, Medium.PLAIN))
    told = "\n".join(f"{text.title}\n{text.body}" for text in texts)
    for entity, character in ENTITIES:
        told = told.replace(entity, character)
    if any(text.title for text in texts):
        return told
    return "\n".join(part.body.decode() for part in message.parts)
