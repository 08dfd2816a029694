"""What an operator decided: environment, settings, rules files, sources, destinations."""
