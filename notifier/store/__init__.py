"""The database: one thread, one module per group of tables, an engine behind them."""
