"""A mail server that follows a script for each session: any bytes at any step."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

from fuzz.words import mutated, noise, text

GOOD: Final[Mapping[str, bytes]] = {
    "banner": b"220 mail.example.com ESMTP\r\n",
    "EHLO": b"250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
    b"250-AUTH PLAIN LOGIN\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    "HELO": b"250 mail.example.com\r\n",
    "STARTTLS": b"220 2.0.0 but no TLS follows\r\n",
    "AUTH": b"235 2.7.0 accepted\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go ahead\r\n",
    "content": b"250 2.0.0 queued\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "NOOP": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
STEPS: Final = (
    "banner",
    "EHLO",
    "STARTTLS",
    "AUTH",
    "MAIL",
    "RCPT",
    "RCPT",
    "DATA",
    "content",
    "QUIT",
)
CODES: Final = (
    *(100, 220, 235, 250, 251, 252, 354, 421, 450, 451, 452, 454, 500, 501, 502, 503, 504),
    *(521, 530, 534, 535, 550, 551, 552, 553, 554, 555, 556, 0, 99, 600, 999),
)
EXTENSIONS: Final = (
    *(b"SIZE 0", b"SIZE 1", b"SIZE -1", b"SIZE " + b"9" * 40, b"SIZE x", b"AUTH", b"AUTH="),
    *(b"AUTH CRAM-MD5", b"AUTH XOAUTH2 \xff", b"STARTTLS", b"SMTPUTF8", b"\xff\xfe", b"", b" "),
)
CLOSE: Final = b"\0CLOSE"
Script = Mapping[str, bytes]


def odd_script(rng: Random) -> Script:
    """Return the replies of a session in which one to three steps are odd."""
    script = dict(GOOD)
    for step in rng.choices(STEPS, k=rng.choice((1, 1, 1, 2, 3))):
        script[step] = _reply(rng, script[step])
        if step == "EHLO" and rng.random() < 0.3:
            script["HELO"] = _reply(rng, script["HELO"])
    return script


def _reply(rng: Random, good: bytes) -> bytes:
    """Return what a server says at a step: refusals, long ones, noise, nothing."""
    code = rng.choice(CODES)
    said = text(rng).encode(rng.choice(("utf-8", "latin-1", "utf-16")), "replace")
    lone = text(rng).encode("utf-8", "surrogatepass")
    return rng.choice(
        (
            b"%d %s\r\n" % (code, said),
            b"%d %s\r\n" % (code, lone),
            b"%d %s\r\n" % (code, noise(rng, 60)),
            b"%d-%s\r\n%d %s\r\n" % (code, said, rng.choice((code, 250)), lone),
            b"%d 5.%d.1 %s\r\n" % (code, rng.randrange(10), said),
            b"".join(b"%d-%s\r\n" % (code, said) for _ in range(200)),
            b"%d %s\r\n" % (code, b"x" * rng.choice((600, 9_000, 100_000))),
            b"250-x\r\n250-" + rng.choice(EXTENSIONS) + b"\r\n250 HELP\r\n",
            noise(rng, 100) + rng.choice((b"\r\n", b"\n", b"")),
            CLOSE,
            good + good,
            b"%d\r\n" % code,
            mutated(rng, good),
        )
    )


@dataclass(slots=True, kw_only=True)
class MailDoor:
    """Serves the n-th session by the n-th script, and the sessions after them well."""

    scripts: list[Script]
    sessions: int = 0
    port: int = 0
    ready: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Follow the next script until the client or the script ends."""
        number, self.sessions = self.sessions, self.sessions + 1
        script = self.scripts[number] if number < len(self.scripts) else GOOD
        with suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
            await _session(reader, writer, script)
        writer.close()
        async with self.ready:
            self.ready.notify_all()


async def _session(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, script: Script
) -> None:
    step = "banner"
    while True:
        said = script.get(step, b"502 5.5.2 unknown\r\n")
        if said == CLOSE:
            return
        writer.write(said)
        await writer.drain()
        if step in ("QUIT", "STARTTLS"):
            return  # whoever begins TLS is left alone: to wait for that takes a minute
        if step == "DATA" and said.startswith(b"354"):
            await reader.readuntil(b"\r\n.\r\n")
            step = "content"
            continue
        line = await reader.readline()
        if not line:
            return
        step = line.split(None, 1)[0].decode("latin-1").upper() if line.strip() else "NOOP"
