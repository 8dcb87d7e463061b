"""Clarifying sessions: from a rough prompt, by questions, to a good one (PRODUCT S1)."""
