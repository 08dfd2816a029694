"""Kinds of destination that an extra brings, and those that may not stand twice."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import pytest
from pydantic import Field
from rules_examples import faults

from notifier.errors import ConfigError
from notifier.rules.destinations import DestinationOptions
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules


class Absent(DestinationOptions):
    """A kind whose extra nobody installed."""

    type: Literal["absent"] = Field(description="The kind.")

    @classmethod
    def is_installed(cls) -> bool:
        return False


class Sole(DestinationOptions):
    """A kind whose places may not be shared."""

    sole_because: ClassVar[str] = "another destination has this place"

    type: Literal["sole"] = Field(description="The kind.")
    place: str = Field(description="The place.")

    def sole_key(self) -> str:
        return self.place


KINDS: Mapping[str, type[DestinationOptions]] = {"absent": Absent, "sole": Sole}
RULES = "rules: [{name: R, when: lead.created, send: x}]\n"


def load(destinations: str, *, lenient: bool = False) -> Ruleset:
    return load_rules(
        [("r.yaml", f"{RULES}destinations: {destinations}")],
        lookup=lambda _: None,
        kinds=KINDS,
        lenient_secrets=lenient,
    )


def test_a_kind_without_its_extra_is_a_fault_with_the_command_that_installs_it() -> None:
    with pytest.raises(ConfigError) as raised:
        load("{x: {type: absent, tpo: 3}}")
    missing, unknown = map(str, raised.value.faults)
    assert missing == (
        "r.yaml:2:26: `absent` needs an extra that is not installed"
        " (pip install 'notifier[absent]')"
    )
    assert "`tpo` is not an absent destination key" in unknown


def test_where_rules_are_checked_alone_it_is_a_warning() -> None:
    warned = [str(fault) for fault in load("{x: {type: absent}}", lenient=True).warnings]
    assert any("pip install 'notifier[absent]'" in line for line in warned)


def test_two_of_what_may_stand_once_are_a_fault() -> None:
    with pytest.raises(ConfigError) as raised:
        load(
            "{x: {type: sole, place: a}, y: {type: sole, place: b}, z: {type: sole, place: a}}"
        )
    assert str(raised.value) == (
        "r.yaml:2:70: `z`: another destination has this place (see r.yaml:2:16)"
    )


def test_two_destinations_of_one_nats_stream_are_a_fault() -> None:
    pytest.importorskip("nats")
    told = faults(
        RULES + "destinations:\n"
        '  x: {type: nats, url: "nats://a:b@bus", stream: leads, subject: leads.a}\n'
        '  y: {type: nats, url: "nats://bus:4222", stream: leads, subject: leads.b}\n'
        '  z: {type: nats, url: "nats://bus:4223", stream: leads, subject: leads.b}\n'
    )
    (one,) = told
    assert one == (
        "a.yaml:4:3: `y`: another destination has this server and stream, and JetStream drops"
        " what comes under an id that it has (see a.yaml:3:3)"
    )
