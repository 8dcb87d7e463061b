"""What the optimizer decides without asking anybody. Pure."""
