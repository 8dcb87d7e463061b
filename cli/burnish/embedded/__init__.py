"""The packaged servers: PostgreSQL and NATS from their PyPI packages, driven directly."""
