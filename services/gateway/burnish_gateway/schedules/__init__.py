"""Optimizations that begin by the clock (PRODUCT O1)."""
