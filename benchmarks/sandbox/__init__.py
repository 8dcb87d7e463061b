"""What other people's code costs: `python -m benchmarks.sandbox`."""
