"""The listing of one upstream: pages, the budget of requests, walks and their health."""
