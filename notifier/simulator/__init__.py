"""A BotPenguin that runs here: for the demo, for `simulate`, and for the tests."""
