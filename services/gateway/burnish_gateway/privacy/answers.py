"""What callers are told about erasures. The person's id is never among it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from burnish_gateway.privacy.erasure import Erasure, ErasureStatus
from burnish_gateway.privacy.receipt import SignedReceipt


class ErasureAnswer(BaseModel):
    """`subject`: HMAC-SHA-256 of the person's id under a key of this erasure alone, in hex. `counts`: rows by store so far.

    `next_pass_at` null: no further pass. `waits_for`: `legal_hold` while the workspace is under one.
    """

    id: UUID
    status: ErasureStatus
    subject: str
    reason: str
    requested_by: str
    requested_at: datetime
    completed_at: datetime | None
    next_pass_at: datetime | None
    counts: dict[str, int]
    waits_for: str | None


class ErasurePage(BaseModel):
    data: list[ErasureAnswer]
    next_cursor: str | None


class ReceiptAnswer(BaseModel):
    """`signature`: Ed25519, in base64, over `receipt` as JSON with sorted keys and without blanks; `public_key`: 32 bytes in base64."""

    receipt: dict[str, Any]
    algorithm: str
    signature: str
    public_key: str


def erasure_answer(erasure: Erasure, *, is_held: bool) -> ErasureAnswer:
    return ErasureAnswer(
        id=erasure.erasure_id,
        status=erasure.status,
        subject=erasure.subject_digest.hex(),
        reason=erasure.reason,
        requested_by=erasure.requested_by,
        requested_at=erasure.requested_at,
        completed_at=erasure.completed_at,
        next_pass_at=erasure.next_pass_at,
        counts=erasure.counts,
        waits_for="legal_hold" if is_held and erasure.next_pass_at is not None else None,
    )


def receipt_answer(signed: SignedReceipt) -> ReceiptAnswer:
    return ReceiptAnswer(receipt=signed.receipt, algorithm="Ed25519", signature=signed.signature, public_key=signed.public_key)
