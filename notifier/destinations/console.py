"""Messages on a terminal: one block each, for trying rules out and for the demo."""

import io
from datetime import tzinfo
from typing import ClassVar, Literal, TextIO

from pydantic import Field
from rich.console import Console
from rich.text import Text as Styled

from notifier.destinations.base import (
    BuildContext,
    Diagnosis,
    KindOptions,
    Message,
    Part,
    Receipt,
)
from notifier.errors import TemporaryDeliveryError
from notifier.messages.digest import digest_text
from notifier.messages.escape import fitting, one_line, plain
from notifier.messages.facts import moment
from notifier.messages.text import Medium

# By what follows the dot: one colour a kind of event.
STYLES = {
    "created": "green",
    "status_changed": "cyan",
    "assigned": "magenta",
    "reassigned": "magenta",
    "unassigned": "magenta",
    "message": "blue",
    "overdue": "yellow",
    "down": "red",
    "dead": "red",
    "up": "green",
}
STYLE = "default"


def style_of(event_type: str) -> str:
    """Return the colour of a kind of event on a terminal."""
    return STYLES.get(event_type.partition(".")[2], STYLE)


class ConsoleOptions(KindOptions):
    """``{type: console}`` in the rules file."""

    delivered_means: ClassVar[str] = "it was written"

    type: Literal["console"] = Field(description="The kind of destination.")

    def build(self, name: str, context: BuildContext) -> "ConsoleDestination":
        """Return the destination; all of them write to the same stream."""
        return ConsoleDestination(name, self, out=context.out, zone=context.zone)

    def reaches(self) -> str:
        """Return where it prints."""
        return "the output of whoever runs it"


OPTIONS = ConsoleOptions


class ConsoleDestination:
    """Writes to one stream, in colours on a terminal unless ``NO_COLOR`` is set."""

    slots = 1
    min_interval_s = 0.0

    def __init__(
        self,
        name: str,
        _options: ConsoleOptions,
        *,
        out: TextIO,
        zone: tzinfo,
    ) -> None:
        self.name = name
        self._console = Console(file=out)
        self._zone = zone

    async def send(self, message: Message) -> Receipt:
        """Write the message as one block; see :class:`Destination`."""
        rendered = _rendered(self._block(message), self._console)
        try:
            self._console.file.write(fitting(rendered, self._console.encoding))
            self._console.file.flush()
        except OSError as error:
            raise TemporaryDeliveryError("the console cannot be written to") from error
        return Receipt()

    async def check(self) -> Diagnosis:
        """Return that there is nothing to go wrong."""
        return Diagnosis(found="prints to the service's own output")

    async def aclose(self) -> None:
        """Leave the stream open: it was only lent."""

    def _block(self, message: Message) -> Styled:
        block = Styled()
        if message.digest is not None:
            text = digest_text(message.parts, message.digest, Medium.PLAIN, zone=self._zone)
            return _with(block, text.title, text.body, STYLE)
        for part in message.parts:
            _with(block, part.text.title, part.text.body, style_of(part.event.type))
            block.append(f"  {self._origin(part)}\n", style="dim")
        return block

    def _origin(self, part: Part) -> str:
        when = moment(part.event.data.observed_at, self._zone)
        return " · ".join([when, part.event.type, one_line(part.rule)])


def _rendered(block: Styled, console: Console) -> str:
    """Return what the console would print; printing ends the program on a broken pipe."""
    page = Console(
        file=io.StringIO(),
        force_terminal=console.is_terminal,
        no_color=console.no_color,
        width=console.width,
    )
    with page.capture() as captured:
        page.print(block, soft_wrap=True)
    return captured.get()


def _with(block: Styled, title: str, body: str, style: str) -> Styled:
    block.append(f"● {one_line(title)}\n", style=f"bold {style}")
    for line in plain(body).split("\n"):
        block.append(f"  {line}\n" if line else "")
    return block
