"""``explain``: why an event, or a lead, went where it went, or nowhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
import typer

from notifier.cli.choices import one_of
from notifier.cli.columns import print_table
from notifier.cli.exits import Exit
from notifier.cli.moments import short, short_iso
from notifier.cli.opened import Opened, opened
from notifier.cli.output import print_json
from notifier.cli.rules_on_disk import rules_on_disk
from notifier.cli.shapes import Shape, delivery_shape, lead_shape
from notifier.cli.tables import event_words, show_deliveries
from notifier.cli.verdicts import Judged, Times, judged_shape, judged_words
from notifier.core.events import Event, decode, encode
from notifier.core.records import Lead
from notifier.core.rows import instant
from notifier.messages.escape import one_line
from notifier.messages.facts import moment
from notifier.rules.explaining import Verdict
from notifier.rules.explaining import explain as explain_event
from notifier.rules.matching import candidates
from notifier.rules.model import Rule, Ruleset
from notifier.store import browse, deliveries, ladders, lead_acts, timers
from notifier.store.browse import Wanted
from notifier.store.deliveries import Delivery
from notifier.store.forgotten import is_erased

app = typer.Typer()

NO_EVENT = (
    "No event of this lead is stored: the first full walk found it and announced nothing, "
    "or its events are older than NOTIFIER_RETENTION."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is known of an event, or of a lead: events oldest first, the lead as it is now."""

    events: tuple[Event, ...]
    lead: Lead | None
    deliveries: Sequence[Delivery]


@app.command()
def explain(
    event_id: Annotated[
        str | None, typer.Argument(metavar="EVENT_ID", show_default=False)
    ] = None,
    *,
    lead: Annotated[
        str | None, typer.Option(metavar="ID", help="A lead, by its newest events.")
    ] = None,
    rule: Annotated[str | None, typer.Option(metavar="NAME", help="This rule alone.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Tell for each rule on disk whether it matched, and what became of each delivery."""
    if (event_id is None) == (lead is None):
        raise typer.BadParameter("give an event's id, or --lead ID")
    rules = rules_on_disk()
    chosen = _chosen(rules, rule)
    with opened() as db:
        if event_id is not None:
            story = _of_event(event_id, rules, db)
        else:
            story = _of_lead(lead or "", rules, db)
        judged = list(_judged(chosen, rules, story, db))
        if rule is not None:
            names = {one.name for one in chosen}
            kept = [one for one in story.deliveries if one.rule in names]
            story = replace(story, deliveries=kept)
        if json:
            print_json([_shape(story, judged, lead_mode=event_id is None)])
        else:
            _show(story, judged, db, lead_mode=event_id is None)


def _chosen(rules: Ruleset, name: str | None) -> tuple[Rule, ...]:
    if name is None:
        return rules.rules
    name = one_of(name, [one.name for one in rules.rules], "rule on disk")
    return tuple(one for one in rules.rules if one.name == name)


def _of_event(event_id: str, rules: Ruleset, db: Opened) -> Story:
    body = browse.event_body(db.session, event_id)
    if body is None:
        raise _failed(f"no event {event_id} is stored; `notifier events` lists them")
    event = decode(body)
    if is_erased(event):
        raise _failed(f"event {event_id} was about somebody who is forgotten")
    return Story(
        events=(event,),
        lead=_present(event.subject, rules, db) if event.lead else None,
        deliveries=deliveries.of_event(db.session, event_id),
    )


def _of_lead(lead_id: str, rules: Ruleset, db: Opened) -> Story:
    wanted = Wanted(lead=lead_id)
    events = tuple(map(decode, browse.event_bodies(db.session, wanted)))
    lead = _present(lead_id, rules, db)
    if lead is None and not events:
        raise _failed(f"no lead {lead_id} is known; `notifier leads` lists them")
    return Story(events=events, lead=lead, deliveries=browse.deliveries(db.session, wanted))


def _present(lead_id: str, rules: Ruleset, db: Opened) -> Lead | None:
    found = browse.leads(db.session, Wanted(lead=lead_id), agents=rules.agents)
    return found[0] if found else None


def _judged(
    chosen: Sequence[Rule], rules: Ruleset, story: Story, db: Opened
) -> Iterator[Judged]:
    """Yield what each rule made of the newest event it listens to."""
    lead = story.lead
    running = timers.of_lead(db.session, lead.bot_id, lead.id) if lead else {}
    climbed = ladders.of_lead(db.session, lead.bot_id, lead.id) if lead else {}
    for rule in chosen:
        event = next((one for one in reversed(story.events) if _hears(rule, one, rules)), None)
        yield Judged(
            rule=rule,
            event=event,
            verdict=_verdict(rule, event, rules),
            lead=lead,
            timer=running.get(rule.name),
            ladder=climbed.get(rule.name),
        )


def _hears(rule: Rule, event: Event, rules: Ruleset) -> bool:
    return any(one.name == rule.name for one in candidates(rules, event))


def _verdict(rule: Rule, event: Event | None, rules: Ruleset) -> Verdict:
    at = instant(event.data.observed_at) if event else None
    if event is None or at is None:
        return Verdict(rule=rule, listens=False)
    return next(one for one in explain_event(rules, event, at=at) if one.rule is rule)


def _show(story: Story, judged: Sequence[Judged], db: Opened, *, lead_mode: bool) -> None:
    times = Times(zone=db.zone, at=db.at)
    for line in _about(story, db, lead_mode=lead_mode):
        typer.echo(one_line(line))
    typer.echo()
    if lead_mode:
        print_table(
            ("rule", "by", "at", "did it match?"),
            (
                (
                    one.rule.name,
                    one.event and one.event.type.value,
                    one.event and short_iso(one.event.data.observed_at, db.zone, at=db.at),
                    judged_words(one, times),
                )
                for one in judged
            ),
        )
    else:
        rows = ((one.rule.name, judged_words(one, times)) for one in judged)
        print_table(("rule", "did it match?"), rows)
    typer.echo()
    if story.deliveries:
        show_deliveries(story.deliveries, story.events, db)
    else:
        typer.echo("No delivery was made.")


def _about(story: Story, db: Opened, *, lead_mode: bool) -> Iterator[str]:
    if not lead_mode:
        (event,) = story.events
        yield event_words(event)
        yield f"observed {moment(event.data.observed_at, db.zone)}"
        return
    lead = story.lead
    if lead is not None:
        owner = lead.assignee.name or lead.assignee.id if lead.assignee else "nobody"
        taken = f", taken by {lead.taken_by.name}" if lead.taken_by else ""
        status = lead.status or "no status"
        yield f"{lead.name or lead.id}: {status}, assigned to {owner}{taken}"
        until = lead_acts.state(db.session, lead.bot_id, lead.id).snoozed_until
        if until and until > db.at:
            yield f"snoozed until {short(until, db.zone, at=db.at)}: no `for` rule tells"
    if not story.events:
        yield NO_EVENT


def _shape(story: Story, judged: Sequence[Judged], *, lead_mode: bool) -> Shape:
    return {
        "event": None if lead_mode else msgspec.json.decode(encode(story.events[0])),
        "lead": lead_shape(story.lead) if story.lead else None,
        "rules": [judged_shape(one) for one in judged],
        "deliveries": [delivery_shape(one) for one in story.deliveries],
    }


def _failed(why: str) -> typer.Exit:
    typer.echo(why, err=True)
    return typer.Exit(Exit.FAILED)
