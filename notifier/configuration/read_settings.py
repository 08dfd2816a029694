"""The environment → :class:`Settings`, with every mistake and doubt told at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from notifier.configuration import formats
from notifier.configuration.environment import Credentials, Environment, Place
from notifier.configuration.settings import PREFIX, Settings
from notifier.errors import ConfigError, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The settings made of the values that are right, the mistakes, and the warnings."""

    settings: Settings
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def read_settings(environment: Environment) -> Reading:
    """Return what can be read, with one fault per mistake.

    A fault says what is wrong, where the value came from and how to mend it;
    never the value of a secret.
    """
    given: dict[str, tuple[str, Place]] = {}
    faults = list(environment.faults)
    for field in Settings.model_fields:
        try:
            if found := environment.find(PREFIX + field.upper()):
                given[field] = found
        except ConfigError as error:
            faults += error.faults
    values: dict[str, Any] = {"timezone": environment.zone.zone}
    values |= {field: value for field, (value, _) in given.items()}
    try:
        settings = Settings(**values)
    except ValidationError as error:
        wrong = {str(detail["loc"][0]): detail for detail in error.errors()}
        faults += [_fault(field, given[field][1], detail) for field, detail in wrong.items()]
        settings = Settings(**{field: values[field] for field in values.keys() - wrong})
    warnings = [
        *_shadowed(environment, given),
        *_doubtful(settings, given),
        *_unknown(environment),
    ]
    if "timezone" not in given and environment.zone.doubt:
        warnings.append(_zone_warning(environment.zone.doubt))
    return Reading(settings=settings, faults=tuple(faults), warnings=tuple(warnings))


def _fault(field: str, place: Place, detail: ErrorDetails) -> Fault:
    problem = str(detail.get("ctx", {}).get("error") or _lower_first(detail["msg"]))
    examples = Settings.model_fields[field].examples or []
    written = " or ".join(f"`{example}`" for example in examples)
    return Fault(
        where=f"{PREFIX}{field.upper()}, from {place.name}",
        problem=problem,
        remedy=f"write for example {written}" if written else "",
    )


def _zone_warning(doubt: str) -> Fault:
    return Fault(
        where=f"{PREFIX}TIMEZONE",
        problem="the host's time zone cannot be told, UTC is used: set NOTIFIER_TIMEZONE",
        remedy=f"{doubt}; write for example `Asia/Kolkata`",
    )


def _shadowed(environment: Environment, given: dict[str, tuple[str, Place]]) -> Iterator[Fault]:
    folders = [place for place in environment.places if isinstance(place, Credentials)]
    for field, (_, winner) in given.items():
        variable = PREFIX + field.upper()
        for folder in folders:
            if not isinstance(winner, Credentials) and variable in folder.variables():
                yield Fault(
                    where=variable,
                    problem=f"set in {winner.name} and in {folder.name}; {winner.name} wins",
                    remedy="remove one of them",
                )


def _doubtful(settings: Settings, given: dict[str, tuple[str, Place]]) -> Iterator[Fault]:
    if settings.poke_secret and not settings.http:
        place = given["poke_secret"][1]
        yield Fault(
            where=f"{PREFIX}POKE_SECRET, from {place.name}",
            problem="nobody can poke, since nothing listens",
            remedy=f"set {PREFIX}HTTP, for example to 127.0.0.1:8787",
        )
    if settings.slack_app_token and not settings.slack_token:
        place = given["slack_app_token"][1]
        yield Fault(
            where=f"{PREFIX}SLACK_APP_TOKEN, from {place.name}",
            problem="there are no cards for the buttons, since no bot token posts any",
            remedy=f"set {PREFIX}SLACK_TOKEN as well",
        )
    yield from _doubtful_page(settings, given)
    if settings.smtp_url and (problem := formats.smtp_doubt(settings.smtp_url)):
        place = given["smtp_url"][1]
        yield Fault(where=f"{PREFIX}SMTP_URL, from {place.name}", problem=problem)


def _doubtful_page(settings: Settings, given: dict[str, tuple[str, Place]]) -> Iterator[Fault]:
    if settings.web_password and not settings.http:
        yield Fault(
            where=f"{PREFIX}WEB_PASSWORD, from {given['web_password'][1].name}",
            problem="nobody can look at the page, since nothing listens",
            remedy=f"set {PREFIX}HTTP, for example to 127.0.0.1:8787",
        )
    if settings.web_view_password is None:
        return
    where = f"{PREFIX}WEB_VIEW_PASSWORD, from {given['web_view_password'][1].name}"
    if settings.web_password is None:
        problem = "the page stays closed, since no operator may open it"
        yield Fault(where=where, problem=problem, remedy=f"set {PREFIX}WEB_PASSWORD, too")
    elif settings.web_password == settings.web_view_password:
        problem = "it is the operators' password: whoever may look may act"
        yield Fault(where=where, problem=problem, remedy="choose another one")


def _unknown(environment: Environment) -> Iterator[Fault]:
    known = [field.upper() for field in Settings.model_fields]
    for place in environment.places:
        for variable in place.variables():
            name = variable.removeprefix(PREFIX)
            if name != variable and name not in known:
                near = get_close_matches(name, known, n=1)
                yield Fault(
                    where=f"{variable}, from {place.name}",
                    problem="no such setting; it is ignored",
                    remedy=f"did you mean {PREFIX}{near[0]}?"
                    if near
                    else "see the table in README",
                )


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
