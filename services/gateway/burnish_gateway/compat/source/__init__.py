"""The interfaces of the systems that Burnish grew out of, at their own paths (PRODUCT K2)."""
