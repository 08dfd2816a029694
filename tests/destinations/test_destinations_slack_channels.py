"""How a channel may be written: as Slack has it, in every script."""

import pytest

from notifier.destinations.slack_channels import check_channel
from notifier.rules.unfit import UnfitError


@pytest.mark.parametrize(
    "channel",
    [
        "sales",
        "#sales-leads",
        "#sales_2",
        "बिक्री",
        "#مبيعات",
        "#ventas-españa",
        "sales-",
        "C024BE91L",
        "assignee",
    ],
)
def test_a_channel_of_slack_is_taken_as_it_came(channel: str) -> None:
    assert check_channel(channel) == channel


@pytest.mark.parametrize(
    ("channel", "near"),
    [
        ("Sales Leads", "did you mean `sales-leads`?"),
        ("##sales.leads", "did you mean `#sales-leads`?"),
        ("https://acme.slack.com/archives/C024BE91L/p1700", "did you mean `C024BE91L`?"),
        ("@asha", "write the member id"),
    ],
)
def test_what_is_no_channel_is_answered_with_what_was_meant(channel: str, near: str) -> None:
    with pytest.raises(UnfitError) as raised:
        check_channel(channel)
    assert near in str(raised.value)
