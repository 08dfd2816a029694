"""A report as a mail: tables and bars of plain HTML, and the same as text.

Mail programs know no style sheets worth the name: widths, colours and bars stand in
attributes and in ``style``, tables are laid out by tables, nothing is fetched.
"""

from collections.abc import Iterator, Sequence
from html import escape

from notifier.messages.escape import one_line, plain, safe_link, shorten
from notifier.messages.facts import number
from notifier.reports import words
from notifier.reports.model import Group, Measure, Report, StillWaiting

MAX_GROUPS, MAX_WAITING, MAX_NAME = 25, 20, 60
FAINT, RULE, BAR, GROUND = "#616061", "#dddddd", "#2f6f9f", "#edf2f6"
FONT = "font-family:Helvetica,Arial,sans-serif;color:#1d1c1d"
PAGE = f"{FONT};font-size:14px;line-height:1.4;padding:12px"
# Outlook heeds the attribute, the others the style.
FRAME = '<table align="center" width="640" style="width:100%;max-width:640px"><tr>'
SMALL = f"color:{FAINT};font-size:12px"
CELL = f"padding:6px 0 6px 8px;border-bottom:1px solid {RULE};vertical-align:top"
# A long id breaks, a figure does not: a telephone is narrow.
NAME = f"{CELL};padding-left:0;text-align:left;word-break:break-word"
FIGURE = f"{CELL};text-align:right;white-space:nowrap"
END = "padding:3px 0 3px 8px;white-space:nowrap"
WIDE = 'width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse"'


def subject(report: Report) -> str:
    """Return the mail's subject."""
    return one_line(words.title(report))


def html(report: Report) -> str:
    """Return the mail's HTML part."""
    pieces = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"></head>',
        f'<body style="margin:0">{FRAME}<td style="{PAGE}">',
        f'<h1 style="font-size:19px;margin:0 0 4px">{_text(subject(report))}</h1>',
        f'<p style="{SMALL};margin:0 0 16px">{_text(_about(report))}</p>',
        *_measures(report),
        *_distribution(report),
        *_groups(report),
        *_waiting(report),
        *_sentences(report),
        "</td></tr></table></body></html>",
        "",
    ]
    return "\n".join(pieces)


def text(report: Report) -> str:
    """Return the mail's text part."""
    blocks = [
        f"{subject(report)}\n{_about(report)}",
        "\n".join(_measure_lines(report)),
        "\n".join(_group_lines(report)),
        "\n".join(_waiting_lines(report)),
        "\n".join(f"- {one}" for one in (*words.counts(report), *words.notes(report))),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _about(report: Report) -> str:
    return f"{words.span(report)}, goal {words.goal(report)}"


def _measures(report: Report) -> Iterator[str]:
    yield f"<table {WIDE}>"
    yield _row(("time to", "half within", "90 % within", "in goal"), head=True)
    for label, now, before in words.each(report):
        yield _row(_measure_cells(label, now, before))
    yield "</table>"
    yield f'<p style="{SMALL};margin:4px 0 20px">In grey: the period before</p>'


def _measure_cells(label: str, now: Measure, before: Measure) -> tuple[str, ...]:
    count, *figures = words.measure_row(now)
    count_before, *figures_before = words.measure_row(before)
    leads = f"{count} leads (before: {count_before})"
    name = f"<b>{_text(label)}</b>{_faint(leads)}"
    pairs = zip(figures, figures_before, strict=True)
    return name, *(f"{_text(figure)}{_faint(then)}" for figure, then in pairs)


def _distribution(report: Report) -> Iterator[str]:
    most = max((bar.count for bar in report.distribution), default=0)
    if not most:
        return
    yield _heading("First replies by time taken")
    yield f"<table {WIDE}>"
    for label, bar in zip(words.bar_labels(report), report.distribution, strict=True):
        yield _bar_row(_text(label), bar.count / most, number(bar.count))
    yield "</table>"


def _groups(report: Report) -> Iterator[str]:
    if not report.groups:
        return
    yield _heading(words.GROUPED[report.by])
    yield f"<table {WIDE}>"
    yield _row(("replies", "half within", "90 % within", "in goal"), head=True)
    for one in report.groups[:MAX_GROUPS]:
        name, leads, waiting, count, *figures = words.group_row(one)
        waits = f", {waiting} waiting" if one.waiting else ""
        who = f"{_text(_name(name))}{_faint(f'{count} of {leads}{waits}')}"
        yield _row((who, *map(_text, figures)))
    yield "</table>"
    yield from _more(len(report.groups) - MAX_GROUPS)


def _waiting(report: Report) -> Iterator[str]:
    if not report.still_waiting:
        return
    yield _heading(f"Still waiting: {number(report.still_waiting)}, the oldest first")
    yield f"<table {WIDE}>"
    for one in report.waiting[:MAX_WAITING]:
        owner = _name(one.assignee or "no owner")
        told = f"{_linked(one)}{_faint(f'{owner}, {one.source}')}"
        yield _row((told, _text(words.long(one.waits_s))))
    yield "</table>"
    yield from _more(report.still_waiting - MAX_WAITING)


def _sentences(report: Report) -> Iterator[str]:
    counts = list(words.counts(report))
    if counts:
        yield _heading("Also")
        yield f'<p style="margin:0">{"<br>".join(map(_text, counts))}</p>'
    notes = "<br>".join(map(_text, words.notes(report)))
    yield f'<p style="{SMALL};margin:20px 0 0">{notes}</p>'


def _heading(title: str) -> str:
    return f'<h2 style="font-size:15px;margin:20px 0 6px">{_text(title)}</h2>'


def _row(cells: Sequence[str], *, head: bool = False) -> str:
    tag, more = ("th", f";{SMALL}") if head else ("td", "")
    styles = (NAME, *(FIGURE for _ in cells[1:]))
    filled = (
        f'<{tag} style="{style}{more}">{cell}</{tag}>'
        for style, cell in zip(styles, cells, strict=True)
    )
    return f"<tr>{''.join(filled)}</tr>"


def _bar_row(label: str, part: float, figure: str) -> str:
    """Return a row with a bar: a cell of that width and colour beside one for the rest."""
    percent = round(part * 100)
    filled = f'<td width="{percent}%" height="14" bgcolor="{BAR}"></td>' if percent else ""
    rest = f'<td height="14" bgcolor="{GROUND}"></td>' if percent < 100 else ""
    bar = f'<table width="100%" cellpadding="0" cellspacing="0"><tr>{filled}{rest}</tr></table>'
    side = "padding:3px 8px 3px 0;white-space:nowrap"
    return (
        f'<tr><td width="92" style="{side}">{label}</td><td>{bar}</td>'
        f'<td width="44" align="right" style="{END}">{figure}</td></tr>'
    )


def _more(left: int) -> Iterator[str]:
    for line in _more_line(left):
        yield f'<p style="{SMALL};margin:4px 0 0">{line}</p>'


def _more_line(left: int) -> Iterator[str]:
    if left > 0:
        yield f"and {number(left)} more"


def _linked(one: StillWaiting) -> str:
    name, link = _text(_name(one.name or one.lead)), safe_link(one.url)
    return f'<a href="{escape(link)}">{name}</a>' if link else name


def _faint(said: str) -> str:
    return f'<br><span style="{SMALL}">{_text(said)}</span>'


def _text(said: str) -> str:
    return escape(plain(said))


def _name(name: str) -> str:
    return shorten(one_line(name), MAX_NAME)


def _measure_lines(report: Report) -> Iterator[str]:
    for label, now, before in words.each(report):
        yield words.sentence(label, now)
        yield f"  before: {words.sentence('', before)}"


def _group_lines(report: Report) -> Iterator[str]:
    if not report.groups:
        return
    yield words.GROUPED[report.by]
    yield from map(_group_line, report.groups[:MAX_GROUPS])
    yield from _more_line(len(report.groups) - MAX_GROUPS)


def _group_line(one: Group) -> str:
    name, leads, waiting, count, median, p90, within = words.group_row(one)
    figures = f"half within {median}, 90 % within {p90}, {within} within the goal"
    waits = f", {waiting} waiting" if one.waiting else ""
    return f"{_name(name)}: {count} of {leads} replied, {figures}{waits}"


def _waiting_lines(report: Report) -> Iterator[str]:
    if not report.still_waiting:
        return
    yield f"Still waiting: {number(report.still_waiting)}, the oldest first"
    for one in report.waiting[:MAX_WAITING]:
        link = safe_link(one.url)
        told = f"{words.long(one.waits_s)}: {_name(one.name or one.lead)}"
        yield f"{told}, {_name(one.assignee or 'no owner')}{f' {link}' if link else ''}"
    yield from _more_line(report.still_waiting - MAX_WAITING)
