"""What the installed program loads: nothing that its rules and settings have no use for."""

import re
import sys
from pathlib import Path

import pytest
from installation import installation

LOADED = re.compile(r"^import time: .*\| *(\S+)$", re.MULTILINE)
# By who needs it: a kind of destination, the page, or no service at all.
COSTLY = {
    *("slack_sdk", "aiosmtplib", "email_validator"),
    *("aio_pika", "aiokafka", "aiomqtt", "apprise", "nats", "redis"),
    *("notifier.web.site", "notifier.rehearsal.stage", "psycopg"),
}
MAIL_SETTINGS = ("NOTIFIER_SMTP_URL", "NOTIFIER_SMTP_FROM")


@pytest.mark.parametrize(
    ("destination", "password", "needed"),
    [
        ("crm", "", set()),
        ("sales", "", {"slack_sdk"}),
        ("boss", "", {"aiosmtplib", "email_validator"}),
        ("crm", "words of an operator", {"notifier.web.site"}),
    ],
)
async def test_a_service_loads_what_it_sends_with_and_no_more(
    tmp_path: Path, destination: str, password: str, needed: set[str]
) -> None:
    async with installation(
        tmp_path, send=(destination,), NOTIFIER_HTTP="127.0.0.1:0"
    ) as installed:
        if password:
            installed.program.environment["NOTIFIER_WEB_PASSWORD"] = password
        if destination != "boss":
            for variable in MAIL_SETTINGS:
                del installed.program.environment[variable]
        installed.program.prefix = (sys.executable, "-X", "importtime")
        async with installed.program.running("run") as process:
            await installed.polled(process)
            assert await process.stop() == 0
        assert COSTLY & set(LOADED.findall(process.err)) == needed
