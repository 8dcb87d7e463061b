"""Evaluators: what an answer is scored by (PRODUCT O3)."""
