"""The running program: pollers and lanes for one set of rules, and what goes on beside them."""
