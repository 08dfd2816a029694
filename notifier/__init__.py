"""A self-hosted change notifier for BotPenguin leads."""

__version__ = "0.1.0"
