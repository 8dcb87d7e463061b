"""What ends the demo early."""


class DemoFailed(Exception):
    """A step did not happen. Its text says which and why, for people."""
