"""Reading the listing: requests, budget, walks."""
