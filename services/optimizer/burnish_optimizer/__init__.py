"""The optimizer: test runs, optimization jobs, and the search and statistics behind them."""
