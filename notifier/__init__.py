"""A self-hosted change notifier for BotPenguin leads."""

__version__ = "0.2.0"
