"""Datasets: items with an expected answer, in three splits that never mix (PRODUCT D1)."""
