import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rules_examples import SCREEN, faults
from rules_trees import KEYS, TREES

from notifier.configuration.destinations import kind_names
from notifier.destinations.mail_server import parse_mailbox

KINDS = ", ".join(kind_names())


def rule(text: str) -> list[str]:
    """Return the faults of one rule, whose lines begin in line 5."""
    return [fault.removeprefix("a.yaml:") for fault in faults(f"{SCREEN}rules:\n{text}")]


def test_all_faults_of_all_files_come_at_once_in_order() -> None:
    assert faults(
        "rulse: []\ndestinations: {a: {type: slak}}", "agents: 5", "a: {b: ${C}}"
    ) == [
        "a.yaml:1:1: `rulse` is not a section; did you mean `rules`?",
        "a.yaml:2:26: `slak` is not a type of destination; did you mean `slack`?",
        "b.yaml:1:1: `agents` is a mapping (write agents' ids as keys)",
        (
            "c.yaml:1:9: this is not valid YAML: `${` opens braces of its own here"
            " (between { } and [ ], put ${…} in quotes)"
        ),
    ]


def test_one_name_in_two_files_is_a_fault() -> None:
    one = "destinations: {x: {type: console}}\nrules: [{name: R, when: lead.*, send: x}]"
    assert faults(one, one) == [
        "b.yaml:1:16: `x` is already a destination (see a.yaml:1:16)",
        "b.yaml:2:16: a rule `R` exists already (see a.yaml:2:16)",
    ]


def test_one_bot_twice_is_a_fault() -> None:
    text = "sources:\n  a: {bot_id: b, customer_id: c}\n  z: {bot_id: b, customer_id: c}"
    assert faults(text) == [
        "a.yaml:3:15: `bot_id`: this bot is a source already (see a.yaml:2:15)"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- {name: R, send: screen}", "6:3: `when` is missing (or `for`, with a duration)"),
        ("- {name: R, when: lead.*}", "6:3: `send` is missing"),
        ("- {when: lead.*, send: screen}", "6:3: `name` is missing"),
        ("- name", "6:3: a rule is a mapping of keys and values"),
        (
            "- {name: R, when: lead.craeted, send: screen}",
            "6:19: `lead.craeted` is not an event type; did you mean `lead.created`?",
        ),
        (
            "- {name: R, when: lead.created, send: scren}",
            "6:39: `scren` is not a destination; did you mean `screen`?",
        ),
        (
            "- {name: R, wehn: x, when: lead.created, send: screen}",
            "6:13: `wehn` is not a rule key; did you mean `when`?",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {sttus: OPEN}}",
            "6:52: `sttus` is no lead field; did you mean `status`?",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {Mobile No: '5'}}",
            "6:52: `Mobile No` is no lead field; did you mean `phone`?",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {lead.status: OPEN}}",
            "6:52: `lead.status` is no lead field; did you mean `status`?",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {Budget: 5}}",
            "6:52: `Budget` is no lead field (an attribute is named attributes.Budget)",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {attributes: {Budget: 5}}}",
            "6:65: `Budget` is not a comparison (write `attributes.Budget:`)",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {last_message: {by: user}}}",
            "6:67: `by` is not a comparison (write `last_message.by:`)",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {visits: {get: 5}}}",
            "6:61: `get` is not a comparison; did you mean `gt`?",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {visits: {gt: many}}}",
            "6:65: `gt` wants a number, not `many`",
        ),
        (
            '- {name: R, when: lead.created, send: screen, if: {name: {matches: "("}}}',
            "6:68: `matches`: not an RE2 expression: missing ): (",
        ),
        (
            '- {name: R, when: lead.created, send: screen, if: {name: {matches: "(?=a)"}}}',
            "6:68: `matches`: not an RE2 expression: invalid perl operator: (?=",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {name: {contains: null}}}",
            "6:59: `contains` wants one text that is not empty",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {name: {exists: maybe}}}",
            "6:67: `exists` is true or false",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {name: {}}}",
            "6:58: `name`: an empty mapping compares nothing",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {name: []}}",
            "6:58: `name`: an empty list matches nothing",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {tags: {any_of: a}}}",
            "6:67: `any_of` wants a list of texts, as in [a, b]",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {any: {name: x}}}",
            "6:57: `any` wants a list of conditions",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: India}",
            "6:51: a condition is a mapping, as in {country: India}",
        ),
        (
            "- {name: R, when: lead.created, send: screen, if: {any: [{to: CLOSED}]}}",
            "6:59: `to` is not allowed here: lead.created changes neither status nor assignee",
        ),
        (
            "- {name: R, for: 5m, send: screen, if: {from: OPEN}}",
            (
                "6:41: `from` is not allowed here:"
                " a rule with `for` looks at what a lead is, not at what changed"
            ),
        ),
        (
            "- {name: R, for: 5m, when: lead.created, send: screen}",
            "6:22: `when` and `for` exclude each other",
        ),
        (
            "- {name: R, for: 5 minutes, send: screen}",
            (
                "6:13: `for`: `5 minutes` is not a duration;"
                " write 500ms, 15s, 5m, 6h, 2d or 1h30m, so here `5m`"
            ),
        ),
        ("- {name: R, for: 0s, send: screen}", "6:13: `for`: it must be longer than nothing"),
        (
            "- {name: R, when: lead.created, repeat: 5m, send: screen}",
            "6:33: `repeat` works only with `for`",
        ),
        (
            "- {name: R, when: lead.created, outside: drop, send: screen}",
            "6:33: `outside` works only with `only`",
        ),
        (
            "- {name: R, when: lead.*, settle: 5m, send: screen}",
            "6:27: `settle` works only with lead.created and chat.created",
        ),
        (
            "- {name: R, for: 5m, settle: 5m, send: screen}",
            "6:22: `settle` works only with lead.created and chat.created",
        ),
        (
            "- {name: R, for: 5m, clock: office, send: screen}",
            "6:29: `office` is not a window (there is none)",
        ),
        (
            "- {name: R, when: lead.created, digest: 0 25 * * *, send: screen}",
            "6:41: `digest`: `0 25 * * *` is not a cron line: Bad hour",
        ),
        (
            "- {name: R, when: lead.created, mention: everyone, send: screen}",
            (
                "6:33: `mention`: `everyone` is not a mention;"
                " write here, channel, assignee or a Slack user id"
            ),
        ),
        (
            "- {name: R, when: lead.created, enabled: on, send: screen}",
            "6:33: `enabled`: `on` is neither true nor false; write true",
        ),
        (
            "- {name: R, when: lead.created, send: screen, message: {titel: x}}",
            "6:57: `titel` is not a key of `message`; did you mean `title`?",
        ),
        (
            "- {name: R, when: lead.created, send: screen, message: hello}",
            '6:47: `message`: it wants a mapping; write {title: "…"}',
        ),
        (
            "- {name: R, when: lead.created, send: []}",
            "6:33: `send`: it is empty",
        ),
        ("- {name: ' ', when: lead.created, send: screen}", "6:4: `name`: it is empty"),
        (
            '- {name: "\\u200b", when: lead.created, send: screen}',
            "6:4: `name`: it is empty",
        ),
        *(
            (
                f'- {{name: "R{control}S", when: lead.created, send: screen}}',
                "6:4: `name`: it wants one line of text, without controls",
            )
            for control in ("\\n", "\\x9b31m", "\\u2028")
        ),
        (
            "- {name: [R], when: lead.created, send: screen}",
            "6:4: `name`: it wants one text",
        ),
    ],
)
def test_a_mistake_in_a_rule_is_told_with_place_and_remedy(text: str, expected: str) -> None:
    assert rule(text) == [expected]


def test_an_unknown_name_in_a_template_is_told_with_its_own_line() -> None:
    text = """\
- name: R
  when: lead.created
  send: screen
  message:
    title: "{{ lead.nam }}"
    body: |
      Hello

      {{ lead.assignee.phone }}
"""
    assert rule(text) == [
        "10:12: `title`: `nam` is no lead field; did you mean `name`?",
        "14:11: `body`: `phone` is no agent field; there are id, name, slack, email",
    ]


def test_a_time_that_never_runs_out_is_a_fault() -> None:
    text = """
windows: {w: {days: mon, hours: "09:00-09:01"}}
destinations: {screen: {type: console}}
rules: [{name: R, for: 30d, clock: w, send: screen}]
"""
    assert faults(text) == ["a.yaml:4:19: `for` never comes due in that window"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{type: slack}", "1:16: a slack destination has either `channel` or `webhook_url`"),
        (
            "{channel: x}",
            f"1:16: `x`: `type` is missing (there is {KINDS})",
        ),
        (
            "{type: slack, channel: C1, actions: agent}",
            "1:46: `actions`: `agent` is not one of everyone, agents, none; did you mean",
        ),
        (
            "{type: slack, channel: C1, actions: bosses}",
            "1:46: `actions`: `bosses` is not one of everyone, agents, none",
        ),
        ("{type: email}", "1:16: `to` is missing"),
        ("{type: email, to: [a@b.example, nobody]}", "1:51: `to`: "),
        (
            "{type: console, burst: {limt: 3}}",
            "1:43: `limt` is not a key of `burst`; did you mean `limit`?",
        ),
        ("{type: console, burst: {limit: many}}", "1:43: `limit`: it wants a whole number"),
        (
            "{type: console, retry: {max_age: 3}}",
            "1:43: `max_age`: `3` is not a duration; write 500ms, 15s, 5m, 6h, 2d or 1h30m",
        ),
        ("{type: console, colour: red}", "1:35: `colour` is not a console destination key"),
        ("console", "1:16: `x` is a mapping (as in {type: console})"),
    ],
)
def test_a_mistake_in_a_destination_is_told_with_its_place(text: str, expected: str) -> None:
    (fault,) = faults(f"destinations: {{x: {text}}}")
    assert fault.startswith(f"a.yaml:{expected}")


@pytest.mark.parametrize("secret", ["hush-hush", "7("])
def test_a_secret_never_stands_in_a_fault(secret: str) -> None:
    text = """
sources: {a: {bot_id: b, customer_id: c, types: "${S}"}}
agents: {a: {slack: "${S}", email: "${S}"}}
windows: {w: {days: "${S}", hours: "${S}", timezone: "${S}"}}
destinations:
  hook: {type: webhook, url: "${S}", secret: "${S}", mention: "${S}", burst: {per: "${S}"}}
  "${S}": {type: "${S}"}
rules:
  - {name: "${S}", when: "${S}", send: "${S}", only: "${S}", digest: "${S}", for: "${S}"}
  - {name: "${S}", when: lead.*, send: hook, if: {visits: {gt: "${S}"}, "${S}": x}}
  - {name: x, when: lead.*, send: hook, if: {name: {matches: "(${S}"}, city: {"${S}": x}}}
"""
    found = faults(text, secrets={"S": secret})
    assert len(found) > 15
    assert [fault for fault in found if secret in fault] == []


def test_a_looked_up_word_is_masked_where_it_is_quoted_and_nowhere_else() -> None:
    text = """
destinations:
  w: {type: webhook, url: "http://127.0.0.1:9/${REGION}", secret: "${CRM_SECRET}"}
  x: {type: emial, to: a@example.com}
  y: {type: console, mention: "${REGION}"}
  "${REGION}": {type: "${ENV}"}
windows: {o: {days: "mon,${ENV}", timezone: "${REGION}"}}
rules:
  - {name: "New ${ENV}", when: lead.create, send: w}
  - {name: "New ${ENV}", when: "${ENV}", send: "${ENV}", digest: "0 ${ENV}", for: "${ENV}"}
  - {name: z, when: lead.*, send: w, message: {title: "{{ lead.${DAY} }}{{ lead.nam }}"}}
"""
    given = {"ENV": "lead", "REGION": "email", "CRM_SECRET": "secret", "DAY": "sunday"}
    assert faults(text, secrets=given) == [
        (
            "a.yaml:3:59: `secret`: a webhook secret is `whsec_` and the base64 of 24 to 64"
            " bytes"
        ),
        "a.yaml:4:13: `emial` is not a type of destination; did you mean `email`?",
        (
            "a.yaml:5:22: `mention`: `${REGION}` is not a mention; write here, channel, "
            "assignee or a Slack user id"
        ),
        (f"a.yaml:6:23: `${{ENV}}` is not a type of destination (there is {KINDS})"),
        "a.yaml:7:15: `days`: `mon,${ENV}` is not a day",
        (
            "a.yaml:7:35: `timezone`: `${REGION}` is not a time zone; zones have names such"
            " as Asia/Kolkata"
        ),
        "a.yaml:9:32: `lead.create` is not an event type; did you mean `lead.created`?",
        "a.yaml:10:12: a rule `New ${ENV}` exists already (see a.yaml:9:12)",
        "a.yaml:10:26: `when` and `for` exclude each other",
        "a.yaml:10:32: `${ENV}` is not an event type; did you mean `lead.*`?",
        "a.yaml:10:48: `${ENV}` is not a destination (there is w, x, y, ${REGION})",
        (
            "a.yaml:10:66: `digest`: `0 ${ENV}` has 2 fields; a cron line has five;"
            " write 2h, or 0 9 * * * for 9:00 each day"
        ),
        (
            "a.yaml:10:78: `for`: `${ENV}` is not a duration; write 500ms, 15s, 5m, 6h, 2d "
            "or 1h30m"
        ),
        "a.yaml:11:55: `title`: `${…}` is no lead field",
    ]


def test_a_literal_token_never_stands_in_a_fault() -> None:
    text = "sources: {a: {bot_id: b, token: [hush-hush], customer_id: {x: hush-hush}}}"
    assert faults(text) == [
        "a.yaml:1:26: `token`: it wants one text",
        "a.yaml:1:46: `customer_id`: it wants one text",
    ]


def test_a_missing_secret_is_one_fault_and_not_two() -> None:
    text = 'destinations: {x: {type: webhook, url: "https://x.example", secret: "${S}"}}'
    assert faults(text) == [
        "a.yaml:1:69: `${S}` is not set (set S in the environment)",
    ]


def test_an_id_or_token_that_nobody_can_have_meant_is_a_fault() -> None:
    text = 'sources: {a: {bot_id: "a b", customer_id: "c\\u200b", token: "t\\u00a0"}}'
    assert faults(text) == [
        (
            "a.yaml:1:15: `bot_id`:"
            " an id has visible ASCII characters alone, no blanks and no quotes"
        ),
        (
            "a.yaml:1:30: `customer_id`:"
            " an id has visible ASCII characters alone, no blanks and no quotes"
        ),
        (
            "a.yaml:1:54: `token`:"
            " a token has neither spaces nor line breaks nor letters beyond ASCII"
        ),
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(KEYS, TREES, max_size=5), st.lists(st.dictionaries(KEYS, TREES), max_size=2)
)
def test_whatever_a_file_holds_it_is_read_or_refused_with_places(
    tree: dict[str, object], rules: list[dict[str, object]]
) -> None:
    text = json.dumps({**tree, "rules": rules})
    for fault in faults(text, secrets={"S": "hush"}):
        assert fault.startswith("a.yaml:1:")


@pytest.mark.parametrize(
    "address",
    [
        *(
            "asha",
            "asha@",
            "@example.com",
            "a b@example.com",
            "a@b, c@d",
            "asha..rao@example.com",
        ),
        *(".asha@example.com", "asha@example..com", "asha@-x.com", "asha@my_host", "asha@x."),
    ],
)
def test_an_agents_address_that_mail_would_refuse_is_told_once(address: str) -> None:
    (told,) = faults(f'agents: {{a: {{name: A, email: "{address}"}}}}')
    assert told.startswith("a.yaml:1:23: `email`: ")
    with pytest.raises(ValueError, match="not one mail address"):
        parse_mailbox(address)


RULE_OF_ITS_OWN = """
destinations: {screen: {type: console}}
rules: [{name: R, when: lead.created, send: screen}]
"""


@pytest.mark.parametrize(
    "address", ["asha@localhost", "o'brien+x_y@a-b.example.com", "zoë@bücher.example"]
)
def test_an_agents_address_that_mail_would_take_is_fine(address: str) -> None:
    text = f'agents: {{a: {{name: A, email: "{address}"}}}}\n'
    assert faults(text + RULE_OF_ITS_OWN) == []
    assert parse_mailbox(address).local in address
