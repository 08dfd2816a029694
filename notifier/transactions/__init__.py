"""What is written: each ``f(db, …)`` is a part of one transaction and knows no asyncio."""
