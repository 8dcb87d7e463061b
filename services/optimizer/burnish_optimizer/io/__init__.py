"""The optimizer's outside: PostgreSQL and NATS."""
