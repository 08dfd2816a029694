"""When to walk which listing, and committing what comes of it."""
