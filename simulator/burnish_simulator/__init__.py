"""OpenAI-compatible toy models that are honest about being toys, simulated end users, and scripted faults."""
