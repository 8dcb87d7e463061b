"""Moving prompts in and out: one JSON document that holds a workspace's prompts with their history, and its datasets (PRODUCT P10)."""
