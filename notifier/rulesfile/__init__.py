"""The rules file: YAML with positions → a ruleset, or every mistake at its line. Pure."""
