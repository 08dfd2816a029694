"""README's picture of a card is drawn from what Slack really gets."""

from render_card import page, posted


async def test_the_picture_shows_a_lead_and_what_became_of_it() -> None:
    card, reply = await posted()
    assert reply["thread_ts"] == card["ts"]
    drawn = page([card, reply])
    assert '<a href="tel:+919876543210">+919876543210</a>' in drawn
    assert "<b>Status</b><br>🟡 INPROGRESS" in drawn
    assert "<blockquote>Visitor: What does it cost?</blockquote>" in drawn
    assert '<span class="button">Open the chat</span>' in drawn
    assert "<b>Meera Nair: OPEN → INPROGRESS</b>" in drawn
    assert drawn.count("*") == 0
