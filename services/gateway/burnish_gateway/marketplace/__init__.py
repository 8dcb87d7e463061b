"""The marketplace (PRODUCT T5): copies of single versions that others may find, read and clone."""
