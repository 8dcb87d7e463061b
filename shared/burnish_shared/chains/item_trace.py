"""The trace that the calls of one item belong to, where a chain is tested. Pure, and the same for whoever goes on after a crash."""

from hashlib import sha256
from uuid import UUID


def trace_of_item(test_run_id: UUID, item_id: UUID, repeat: int) -> UUID:
    """Of an item in one of its repeats (from 0): its hex is what `GET /v1/executions?trace_id=` takes."""
    return UUID(bytes=_digest(test_run_id, item_id, repeat)[:16])


def traceparent_of_item(test_run_id: UUID, item_id: UUID, repeat: int) -> str:
    """What its calls carry (W3C Trace Context). The last 8 bytes of the digest name the span above them, which nobody exports."""
    return f"00-{trace_of_item(test_run_id, item_id, repeat).hex}-{_digest(test_run_id, item_id, repeat)[-8:].hex()}-01"


def _digest(test_run_id: UUID, item_id: UUID, repeat: int) -> bytes:
    return sha256(test_run_id.bytes + item_id.bytes + repeat.to_bytes(4, "big")).digest()
