"""Everything that anybody may say to the service, at each of its five doors."""
