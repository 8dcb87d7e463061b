"""What guardrails, masks and checks of answers cost: `python -m benchmarks.guardrails`."""
