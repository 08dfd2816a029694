"""The words of messages: templates, built-in texts, escaping."""
