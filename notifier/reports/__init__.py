"""How fast leads were answered: pure figures, and their shapes for mail, Slack and the page."""
