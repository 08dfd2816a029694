"""A mail server that answers each step with the very bytes a test gives it.

::

    async with RawMailServer() as server:
        server.script("RCPT", b"250 ok", b"550 Empf\xe4nger unbekannt")
        ...  # NOTIFIER_SMTP_URL=server.url
        assert server.mails[0].recipients == ("a@example.com",)
"""

import asyncio
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from support.connections import conversing

USUAL = {
    "banner": b"220 x",
    "EHLO": b"250-x\r\n250 SIZE 1000000",
    "AUTH": b"235 ok",
    "DATA": b"354 go on",
    "QUIT": b"221 bye",
}
ADDRESS = re.compile(r"<(.*?)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMail:
    """A mail that was read to its end, whatever was answered."""

    recipients: tuple[str, ...]
    content: bytes


class RawMailServer:
    """Says yes to everything that is not scripted; ``login`` offers AUTH PLAIN."""

    def __init__(self, *, host: str = "127.0.0.1", login: bool = False) -> None:
        self.mails: list[RawMail] = []
        self.commands: list[str] = []
        self._host = host
        self._login = "u:p@" if login else ""
        self._scripts: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self._port = 0
        self._serving = conversing(self._converse, host=host)

    @property
    def url(self) -> str:
        """The value of ``NOTIFIER_SMTP_URL`` that reaches this server."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"smtp+plain://{self._login}{host}:{self._port}"

    def script(self, step: str, *replies: bytes) -> None:
        """Answer a step so: a command, ``RCPT <address>``, ``banner``, ``.`` for the mail.

        An empty reply breaks the connection.
        """
        self._scripts[step].extend(replies)

    def verbs(self) -> list[str]:
        """Return the commands that came, without what followed their first word."""
        return [command.partition(" ")[0] for command in self.commands]

    async def __aenter__(self) -> Self:
        self._port = await self._serving.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._serving.__aexit__(kind, error, trace)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        recipients: list[str] = []
        try:
            writer.write(self._reply("banner"))
            while line := await reader.readline():
                command = line.decode().strip()
                self.commands.append(command)
                verb = command.partition(" ")[0]
                found = ADDRESS.search(command)
                address = found[1] if found else ""
                reply = self._reply(f"{verb} {address}", verb)
                writer.write(reply)
                if verb in ("MAIL", "RSET"):
                    recipients = []
                if verb == "RCPT" and reply.startswith(b"25"):
                    recipients.append(address)
                if verb == "DATA" and reply.startswith(b"354"):
                    content = await reader.readuntil(b"\r\n.\r\n")
                    mail = RawMail(recipients=tuple(recipients), content=content[:-5])
                    self.mails.append(mail)
                    writer.write(self._reply("."))
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _reply(self, *steps: str) -> bytes:
        for step in steps:
            if self._scripts[step]:
                reply = self._scripts[step].popleft()
                if not reply:
                    raise ConnectionAbortedError
                return reply + b"\r\n"
        if steps == ("EHLO ", "EHLO") and self._login:
            return b"250-x\r\n250 AUTH PLAIN\r\n"
        return USUAL.get(steps[-1], b"250 ok") + b"\r\n"
