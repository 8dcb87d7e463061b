"""What the webhooks service touches: its tables and its receivers."""
