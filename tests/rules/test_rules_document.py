import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rulesfile.document import read_document
from notifier.rulesfile.nodes import Faults, Mark, Scalar, Table, plain

SECRETS = {"TOKEN": "hush-hush", "EMPTY": "", "BYTES": "\udcff"}


def read(text: str) -> object:
    faults = Faults()
    node = read_document("r.yaml", text, lookup=SECRETS.get, faults=faults)
    assert faults.faults() == ()
    return plain(node) if node else None


def faults_of(text: str) -> list[str]:
    faults = Faults()
    read_document("r.yaml", text, lookup=SECRETS.get, faults=faults)
    return [str(fault) for fault in faults.faults()]


@pytest.mark.parametrize(
    "word",
    ["NO", "on", "yes", "22:00", "007", "+919876543210", "2024-01-02", "0x1F", "1e3", "true"],
)
def test_plain_words_stay_as_written(word: str) -> None:
    assert read(f"country: {word}") == {"country": word}
    assert read(f"[{word}]") == [word]
    assert read(f"{word}: x") == {word: "x"}


@pytest.mark.parametrize("word", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_null_and_a_quoted_null_is_text(word: str) -> None:
    assert read(f"country: {word}") == {"country": None}
    assert read(f'country: "{word}"') == {"country": word}


def test_every_value_knows_its_place() -> None:
    faults = Faults()
    node = read_document("r.yaml", "a:\n  b: c\n", lookup=SECRETS.get, faults=faults)
    assert isinstance(node, Table)
    inner = node.get("a")
    assert isinstance(inner, Table)
    value = inner.get("b")
    assert isinstance(value, Scalar)
    assert value.at == Mark("r.yaml", 2, 6)
    assert str(value.at) == "r.yaml:2:6"


def test_the_text_of_a_block_begins_one_line_below() -> None:
    node = read_document("r.yaml", "a: |\n  x\nb: x\n", lookup=SECRETS.get, faults=Faults())
    assert isinstance(node, Table)
    lines = [value.text_line for _, value in node.entries if isinstance(value, Scalar)]
    assert lines == [2, 3]


def test_a_reference_is_replaced_anywhere_in_a_string() -> None:
    assert read('url: "https://x/${TOKEN}/${EMPTY}y"') == {"url": "https://x/hush-hush/y"}


def test_a_doubled_dollar_is_a_literal_reference() -> None:
    assert read('body: "$${TOKEN} costs $5"') == {"body": "${TOKEN} costs $5"}


def test_a_looked_up_value_never_turns_into_null() -> None:
    assert read("a: ${EMPTY}") == {"a": ""}


def test_what_a_reference_brings_is_not_looked_up_again() -> None:
    faults = Faults()
    node = read_document("r.yaml", "a: ${A}", lookup={"A": "${A}"}.get, faults=faults)
    assert node
    assert plain(node) == {"a": "${A}"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: ${NOPE}", "r.yaml:1:4: `${NOPE}` is not set (set NOPE in the environment)"),
        (
            "a: ${mobile}",
            (
                "r.yaml:1:4: `${mobile}` is not set"
                " (set mobile in the environment, or write {{ lead.phone }} for the lead's)"
            ),
        ),
        (
            "a: ${TOKEN",
            "r.yaml:1:4: `${` begins no name (write ${NAME}, or $${ for the two characters)",
        ),
        ("a: ${BYTES}", "r.yaml:1:4: what `${BYTES}` stands for is not UTF-8"),
        ("a: 1\na: 2", "r.yaml:2:1: `a` is here twice (first in line 1)"),
        ("a: {b: 1, b: 2}", "r.yaml:1:11: `b` is here twice (first in line 1)"),
        (
            "a: !secret x",
            (
                "r.yaml:1:4: the tag !secret is not allowed"
                " (remove it, or put a text that begins with ! in quotes)"
            ),
        ),
        (
            "a: !!python/object:os.system x",
            (
                "r.yaml:1:4: the tag tag:yaml.org,2002:python/object:os.system is not allowed"
                " (remove it, or put a text that begins with ! in quotes)"
            ),
        ),
        (
            "a:\n\tb: c",
            (
                "r.yaml:2:1: this is not valid YAML: a tab stands where YAML wants spaces"
                " (indent with spaces)"
            ),
        ),
        (
            "a: b\n  c: d",
            (
                "r.yaml:2:3: this is not valid YAML: this line fits nothing above it"
                " (check the indentation: it may begin in column 1, below `a`)"
            ),
        ),
        (
            "a:\n  - b\n c: d",
            (
                "r.yaml:3:2: this is not valid YAML: this line fits nothing above it"
                " (check the indentation: it may begin in column 1, below `a`)"
            ),
        ),
        (
            "a: b\nc: [",
            (
                "r.yaml:2:5: this is not valid YAML: the file ends within brackets or quotes"
                " (close what is open)"
            ),
        ),
        (
            "a: {b: 'c\nd: e\n",
            (
                "r.yaml:1:8: this is not valid YAML: the quote that opens here is never closed"
                " (close what is open)"
            ),
        ),
        (
            "a: {b: ${TOKEN}}",
            (
                "r.yaml:1:9: this is not valid YAML: `${` opens braces of its own here"
                " (between { } and [ ], put ${…} in quotes)"
            ),
        ),
        (
            "a: {{ lead.name }}",
            (
                "r.yaml:1:5: a key must be a text"
                " (put a text that begins with {{, { or [ in quotes)"
            ),
        ),
        (
            "channel: #sales",
            (
                "r.yaml:1:1: `channel` is empty, since `#sales` is a comment"
                ' (write "#sales" in quotes)'
            ),
        ),
        ("a: b\n---\nc: d", "r.yaml:2:1: a second document begins (keep one document a file)"),
        ("a: \x07", "r.yaml:1:4: a control character is not text (remove it)"),
        (
            r'a: "\ud800"',
            r"r.yaml:1:4: half a character is not text (write it without \ud800 and kin)",
        ),
        (
            "a: *b",
            (
                "r.yaml:1:4: `*b` names no anchor above it"
                " (put a text that begins with * in quotes)"
            ),
        ),
        (
            "a: &a [*a]",
            (
                "r.yaml:1:8: `*a` names no anchor above it"
                " (put a text that begins with * in quotes)"
            ),
        ),
        ("[" * 200, "r.yaml:1:42: this is nested more than 40 levels deep"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, fault: str) -> None:
    assert faults_of(text) == [fault]


def test_a_comment_after_a_section_is_no_lost_value() -> None:
    assert read("channel:  # to be decided\n") == {"channel": None}


def test_aliases_may_repeat_a_value() -> None:
    assert read("a: &x [1, 2]\nb: *x") == {"a": ["1", "2"], "b": ["1", "2"]}


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    (fault,) = faults_of("\n".join(lines))
    assert "the aliases expand beyond reason" in fault


def test_an_empty_file_says_nothing() -> None:
    assert read("") is None
    assert read("# only a comment\n") is None


def test_line_ends_of_windows_and_a_byte_order_mark_are_fine() -> None:
    assert read("\ufeffa: b\r\nc: d\r\n") == {"a": "b", "c": "d"}


@given(st.text(max_size=200))
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    faults = Faults()
    node = read_document("r.yaml", text, lookup=SECRETS.get, faults=faults)
    assert node is None or plain(node) is not None or isinstance(node, Scalar)


@given(st.text(alphabet="ab:-[]{}#&*!|>'\" \t\n$?,%@", max_size=60))
def test_no_mixture_of_yaml_signs_breaks_the_reader(text: str) -> None:
    faults = Faults()
    node = read_document("r.yaml", text, lookup=SECRETS.get, faults=faults)
    assert node is None or isinstance(plain(node), str | list | dict | None)
