"""Data that Burnish ships: what the demo runs on, and what a workspace may begin with."""

from importlib.resources import files

SUPPORT_TICKETS_NAME = "Support tickets"


def support_tickets() -> bytes:
    """Tickets with the queue that each belongs to, in three splits, as JSON lines; `cli/burnish/demo/data/README.md` describes them."""
    return (files("burnish_shared.samples") / "support_routing.jsonl").read_bytes()
