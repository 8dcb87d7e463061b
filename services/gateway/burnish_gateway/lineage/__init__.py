"""The graph of versions and candidates: where each comes from, what came of it, files of it (PRODUCT O7)."""
