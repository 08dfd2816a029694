"""What a page is made of, as a browser would read it, and what must not be in it."""

import re
from html.parser import HTMLParser

OWN_SCRIPTS = {"/static/live.js"}
OWN_FORMS = re.compile(r"/[a-z]+(/[^/?#]+)*(#[a-z]+)?")
LINKS = re.compile(r"(/|#|tel:|mailto:|https?://)")
OBEYED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
FETCHING = {
    "src",
    "srcset",
    "data",
    "poster",
    "background",
    "xlink:href",
    "srcdoc",
    "formaction",
}
FIELDS = {"input", "select", "textarea"}
TAGS = {
    *("html", "head", "meta", "title", "link", "script", "body", "a", "header", "nav", "ul"),
    *("ol", "li", "form", "input", "span", "button", "main", "p", "div", "section", "h1", "h2"),
    *("svg", "path", "circle", "rect", "line", "figure", "figcaption", "strong", "details"),
    *("summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd"),
    *("time", "code", "pre", "bdi", "select", "option", "label", "textarea", "datalist"),
    *("article", "small", "br", "text"),
}


class Markup(HTMLParser):
    """Collects what is wrong with a page, and the words that it shows."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.words: list[str] = []
        if found := OBEYED.search(text):
            self.wrong.append(f"control {found[0]!r}")
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            self._check(tag, name, value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"a comment: {data[:40]!r}")

    def _check(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name == "style":
            self.wrong.append(f"<{tag} {name}>")
        if name in FETCHING and not (tag == "script" and value in OWN_SCRIPTS):
            self.wrong.append(f"<{tag} {name}={value[:40]!r}>")
        if name == "aria-label" and tag in FIELDS:
            self.wrong.append(f"a <{tag}> whose label nobody sees")
        if name == "href" and not LINKS.match(value):
            self.wrong.append(f"<{tag} href={value[:40]!r}>")
        if name == "href" and value.startswith("//"):
            self.wrong.append(f"<{tag} href={value[:40]!r}>")
        if name == "action" and not OWN_FORMS.fullmatch(value):
            self.wrong.append(f"<form action={value[:40]!r}>")


def markup(text: str) -> Markup:
    """Return what a page is made of."""
    return Markup(text)
