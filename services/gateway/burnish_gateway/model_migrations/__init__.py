"""Moves of prompts from one model to another: measured, searched where they are worse, saved as variants (PRODUCT O1, E5)."""
