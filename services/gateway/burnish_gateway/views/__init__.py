"""Filters of pages that are kept under a name."""
