"""Decisions of the webhooks service: pure, given values, the time and the dice."""
