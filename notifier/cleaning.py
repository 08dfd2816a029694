"""The one place where words from outside become text that everything here can carry.

Whatever a mail server, a receiver, Slack, BotPenguin or a command line says passes
:func:`clean` where it enters: behind it no text can break the database's bind, a log
line, a mail or a terminal. What a visitor typed passes :func:`visible`, and is
compared by :func:`comparable`: what looks the same is the same.
"""

import re
from unicodedata import combining, normalize

NO_BYTE = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")  # surrogates that stand for none
UNCARRIED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
REPLACEMENT = "\ufffd"

SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erase
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC and kin: titles, links, clipboard
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
BREAKS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Unicode's Default_Ignorable_Code_Point but for what CONTEXTUAL has; controls, and
# marks that show nothing. Not the Arabic number signs: they are format, and seen.
INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    r"\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
BLANKS = re.compile(r"(?:[^\S\n]|[\u2800\u3164\uffa0])+")  # a blank pattern and fillers, too
# What ``str.isprintable`` takes for a letter, a mark or a sign, and nobody sees by itself.
BLANK_LETTER = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    r"\U0001d159\U000e0100-\U000e01ef]"
)
LINE_ENDS = re.compile(r" ?\n ?")

# Where joiners and selectors are part of what is seen: in the words of Arabic, Indic
# and kindred scripts, in emoji, and behind the ideographs whose form they choose.
JOINED = (
    r"\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06ef\u06fa-\u06ff"
    r"\u0710-\u07b1\u07ca-\u07f5\u0840-\u085b\u0860-\u0963\u0970-\u0dff\u0f40-\u0fbc"
    r"\u1000-\u109f\u1780-\u17d3\u1820-\u18aa\u1900-\u1aad\u1b00-\u1bff\u1c00-\u1c4f"
    r"\u1cd0-\u1cff\ua800-\ua82c\ua840-\ua873\ua880-\ua8ff\ua930-\ua953\ua980-\ua9df"
    r"\uaa00-\uaadf\uaae0-\uaaf6\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc"
    r"\U00010a00-\U00010aff\U00010d00-\U00010f6f\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
VIRAMAS = r"\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
EMOJI = (
    r"\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u27ff\u2900-\u2bff\u3030\u303d\u3297\u3299"
    r"\U0001f000-\U0001faff"
)
IDEOGRAPHS = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
IN_CONTEXT = re.compile(
    rf"(?<=[{JOINED}])[\u200c\u200d](?=[{JOINED}])"
    rf"|(?<=[{VIRAMAS}])\u200d"  # the older way to write a chillu, at the end of a word
    rf"|(?:(?<=[{EMOJI}])|(?<=[{EMOJI}]\ufe0f))\u200d(?=[{EMOJI}])"
    rf"|(?<=[{EMOJI}])[\ufe0e\ufe0f]|(?<=[#*0-9])\ufe0f(?=\u20e3)"
    r"|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{1,30}\U000e007f"  # the flags of regions
    rf"|(?<=[{IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    r"|(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]|(?<=[\u1000-\u109f])\ufe00"
)
CONTEXTUAL = re.compile(
    r"[\u200c\u200d\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef]"
    r"|[\U000e0020-\U000e007f]+"
)
SELECTORS = re.compile(r"[\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef]")

# As Unicode's stream-safe format: to order a longer run takes the square of its length.
MOST_MARKS = 30


def clean(said: str | bytes) -> str:
    """Return the words as Unicode text; what is none, or controls anything, is ``�``.

    Bytes are read as UTF-8, and so are those that a library kept as lone surrogates.
    Of the controls only the line feed and the tab stay; CRLF becomes a line feed.
    """
    if isinstance(said, str):
        said = NO_BYTE.sub(REPLACEMENT, said).encode("utf-8", "surrogateescape")
    text = said.decode("utf-8", "replace").replace("\r\n", "\n")
    return UNCARRIED.sub(REPLACEMENT, text)


def visible(written: str) -> str:
    """Return what a person sees of a text: nothing of what is nothing to the eye.

    In Unicode's composed form (NFC), without controls, invisible and directional
    characters, every run of blanks one space, lines ended by a line feed.
    """
    if _is_plain(written):
        return " ".join(written.split())
    if written.isprintable() and not BLANK_LETTER.search(written):
        return normalize("NFC", _ordered(" ".join(written.split())))
    text = BREAKS.sub("\n", SEQUENCES.sub("", written))
    text = CONTEXTUAL.sub(_in_context, INVISIBLE.sub("", text))
    text = normalize("NFC", _ordered(BLANKS.sub(" ", text)))
    return LINE_ENDS.sub("\n", text).strip()


def comparable(written: str) -> str:
    """Return the form in which two texts are equal that people would call the same.

    Letter case, widths, ligatures, line breaks and the dot of a Turkish İ make no
    difference, beside what :func:`visible` takes away.
    """
    if _is_plain(written):  # asked for each rule of each event
        return " ".join(written.casefold().split())
    text = visible(written)
    if not text.isascii():
        folded = normalize("NFKC", text).casefold().replace("i\u0307", "i")
        text = normalize("NFKC", SELECTORS.sub("", folded))
    return " ".join(text.casefold().split())


def _is_plain(written: str) -> bool:
    return written.isascii() and written.isprintable()


def _in_context(found: re.Match[str]) -> str:
    kept = IN_CONTEXT.match(found.string, found.start())
    return kept[0] if kept else ""


def _ordered(text: str) -> str:
    """Return a text without the marks that are too many on one letter."""
    if len(text) <= MOST_MARKS:
        return text
    kept: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if combining(letter) else 0
        if marks <= MOST_MARKS:
            kept.append(letter)
    return "".join(kept)
