"""Export of everything that a workspace owns (PRODUCT T8)."""
