"""SQLite: one database thread, one module per group of tables."""
