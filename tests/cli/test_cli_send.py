"""``send``: one sample, through the real destination."""

from pathlib import Path

import pytest

from support.loopback import Reply
from support.program import Program
from support.receivers import Receiver
from support.slack import Slack, failure

SECRET = "whsec_" + "YWJj" * 8
RULES = """\
agents:
  631aa793bcfa100487d13d0d: {name: Asha Rao, slack: U024BE7LH}
destinations:
  crm: {type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}"}
  owner: {type: slack, channel: assignee}
rules:
  - {name: All, when: lead.created, send: [crm, owner]}
"""


def program(folder: Path, *, crm: str = "http://127.0.0.1:9/", slack: str = "") -> Program:
    (folder / "rules.yaml").write_text(RULES)
    environment = {
        "NOTIFIER_TOKEN": "tok",
        "NOTIFIER_BOT_ID": "b",
        "NOTIFIER_CUSTOMER_ID": "c",
        "NOTIFIER_RULES": "rules.yaml",
        "NOTIFIER_SLACK_TOKEN": "xoxb-simulated",
        "CRM_URL": crm,
        "CRM_SECRET": SECRET,
    }
    return Program(folder, environment | ({"NOTIFIER_SLACK_API_URL": slack} if slack else {}))


async def test_a_sample_goes_out_signed_and_says_that_it_is_one(tmp_path: Path) -> None:
    async with Receiver(SECRET) as receiver:
        ended = await program(tmp_path, crm=receiver.url).ends_here("send", "crm")
        assert (ended.code, ended.err) == (0, "warning: " + ended.err[9:])
        assert ended.out.startswith("crm (127.0.0.1) took a sample lead in ")
        (request,) = receiver.received
        assert request.id == request.event["id"]
        assert request.id.startswith("evt_sample_")


async def test_the_sample_belongs_to_an_agent_so_that_assignees_get_theirs(
    tmp_path: Path,
) -> None:
    async with Slack() as slack:
        ended = await program(tmp_path, slack=slack.url).ends_here("send", "owner")
        assert ended.code == 0, ended.err
        (post,) = slack.calls_of("chat.postMessage")
        assert "Sample: " in str(post.arguments["text"])


async def test_a_refusal_is_told_with_its_remedy(tmp_path: Path) -> None:
    async with Slack() as slack:
        slack.script(failure("not_in_channel"), method="chat.postMessage")
        ended = await program(tmp_path, slack=slack.url).ends_here("send", "owner")
    assert (ended.code, ended.out) == (1, "")
    assert "owner did not take it: " in ended.err
    assert "what to do: " in ended.err


async def test_a_failure_of_the_receiver_is_told(tmp_path: Path) -> None:
    async with Receiver(SECRET, default=Reply(status=500)) as receiver:
        ended = await program(tmp_path, crm=receiver.url).ends_here("send", "crm")
    assert ended.code == 1
    assert "127.0.0.1 answered 500" in ended.err


@pytest.mark.parametrize("name", ["cmr", "crms"])
async def test_a_name_that_is_none_brings_the_nearest(tmp_path: Path, name: str) -> None:
    ended = await program(tmp_path).ends_here("send", name)
    assert ended.code == 2
    assert "did you mean `crm`?" in ended.err
