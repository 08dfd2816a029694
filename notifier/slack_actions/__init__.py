"""Buttons on Slack cards: what people click arrives here, by Slack's Socket Mode."""
