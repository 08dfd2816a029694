"""Rule tests: a lead's story played in simulated time through the real rooms."""
