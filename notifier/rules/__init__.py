"""The rule engine: conditions, windows, timers, matching, explaining. Pure."""
