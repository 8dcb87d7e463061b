"""The workspace's own keys for model providers: kept here, used by the executor alone."""
