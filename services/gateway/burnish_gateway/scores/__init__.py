"""What evaluators said of executions, as it is read."""
