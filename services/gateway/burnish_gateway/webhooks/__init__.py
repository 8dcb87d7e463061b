"""Webhook endpoints and the log of their deliveries. Sending is the webhooks service's."""
