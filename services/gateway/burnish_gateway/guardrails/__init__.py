"""Guardrails and masking, as they are configured and tried out. The executor is where they work."""
