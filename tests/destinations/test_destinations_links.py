"""Cards and mails lead to the lead's page, where people have one."""

import json
from datetime import UTC

import pytest
from examples import NOON, lead, message, new_lead, part
from pydantic import SecretStr

from notifier.destinations.email import EmailDestination, EmailOptions
from notifier.destinations.mail_server import parse_mailbox, parse_smtp_url
from notifier.destinations.slack import SlackDestination, SlackOptions
from support.mail import MailServer
from support.slack import TOKEN, WEBHOOK, Slack

PAGE = "https://alerts.example.com"
LEAD_PAGE = f"{PAGE}/leads/638d99eeee9e558f1247ae03/a%2Fb%27%3E"
WHO = lead(id="a/b'>")
ABOUT = message(part(new_lead(WHO)), who=WHO)


@pytest.mark.virtual_time
@pytest.mark.parametrize("kind", ["chat.postMessage", WEBHOOK])
@pytest.mark.parametrize("public_url", [PAGE, None])
async def test_a_slack_card_has_a_button_to_it(kind: str, public_url: str | None) -> None:
    async with Slack() as slack:
        to_web_api = kind == "chat.postMessage"
        where = {"channel": "C0000000001"} if to_web_api else {"webhook_url": slack.webhook_url}
        one = SlackDestination(
            "sales",
            SlackOptions.model_validate({"type": "slack"} | where),
            token=SecretStr(TOKEN) if to_web_api else None,
            api_url=slack.url,
            now=lambda: NOON,
            zone=UTC,
            public_url=public_url,
        )
        await one.send(ABOUT)
        await one.aclose()
        (call,) = slack.calls_of(kind)
    shown = json.dumps(call.arguments, default=str)
    assert (LEAD_PAGE in shown) is (public_url is not None)


@pytest.mark.parametrize("public_url", [PAGE, None])
async def test_a_mail_has_a_link_to_it_in_both_its_bodies(public_url: str | None) -> None:
    async with MailServer() as server:
        one = EmailDestination(
            "managers",
            EmailOptions.model_validate({"type": "email", "to": "boss@example.com"}),
            server=parse_smtp_url(server.url),
            sender=parse_mailbox("leads@example.com"),
            zone=UTC,
            now=lambda: NOON,
            public_url=public_url,
        )
        await one.send(ABOUT)
        await one.aclose()
        (mail,) = server.accepted
    bodies = [part.get_content() for part in mail.message.iter_parts()]
    assert [LEAD_PAGE in body for body in bodies] == [public_url is not None] * 2
