"""What is written: each ``f(session, …)`` is a part of one transaction and knows no asyncio."""
