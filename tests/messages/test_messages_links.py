import msgspec

from notifier.messages.links import lead_page
from notifier.messages.samples import FULL


def test_a_lead_has_an_address_on_the_page_whatever_its_id_is() -> None:
    lead = msgspec.structs.replace(FULL, bot_id="bot", id="a/b?c#d é")
    found = lead_page("https://alerts.example.com", lead)
    assert found == "https://alerts.example.com/leads/bot/a%2Fb%3Fc%23d%20%C3%A9"


def test_without_a_page_or_a_lead_there_is_no_address() -> None:
    assert lead_page(None, FULL) is None
    assert lead_page("https://alerts.example.com", None) is None
