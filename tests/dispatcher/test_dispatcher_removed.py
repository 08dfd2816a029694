"""What a destination that was removed from the rules leaves behind."""

from notifier.rehearsal.stage import Stage
from support.stages import PLACES, Staged, later, restarted, row

LATER = "  - {name: New, when: lead.created, digest: 2h, send: [screen, team]}\n"
ALERTS = "  - {name: Dead, when: delivery.dead, send: screen}\n"
WITHOUT_TEAM = PLACES.replace('  team: {type: slack, channel: "#team"}\n', "")
REMEDY = (
    "`notifier deliveries --state dead` tells why; put team back into the rules, then"
    " `notifier retry --dead --destination team` sends them again"
)


def without_team(stage: Stage) -> Stage:
    return restarted(
        stage, LATER.replace("[screen, team]", "screen") + ALERTS, places=WITHOUT_TEAM
    )


def deaths(stage: Stage) -> list[tuple[str, str, str | None]]:
    told = [part.event for one in stage.sent for part in one.message.parts]
    return [
        (event.subject, event.data.reason or "", event.data.remedy)
        for event in told
        if event.type == "delivery.dead"
    ]


def test_the_deaths_of_a_removed_destinations_deliveries_are_told_together(
    staged: Staged,
) -> None:
    stage = staged(LATER)
    stage.read([row(1), row(2)])
    stage = without_team(stage)
    assert deaths(stage) == [("team", "2 dead deliveries to team", REMEDY)]
    assert deaths(restarted(without_team(stage))) == []


def test_a_destination_removed_twice_within_an_hour_is_told_of_once(staged: Staged) -> None:
    stage = staged(LATER)
    stage.read([row(1)])
    assert len(deaths(without_team(stage))) == 1
    stage = restarted(stage, LATER, places=PLACES)
    stage.read([row(2), row(3)])
    stage = without_team(stage)
    assert deaths(stage) == []
    later(stage, hours=1)
    assert deaths(without_team(stage)) == [("team", "2 dead deliveries to team", REMEDY)]


def test_a_destination_removed_with_nothing_to_send_is_no_news(staged: Staged) -> None:
    assert deaths(without_team(staged(LATER))) == []
