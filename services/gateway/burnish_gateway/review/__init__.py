"""The review queue: people look at answers, say which are right, and write what would have been (PRODUCT F5)."""
