"""The receipt of an erasure: what was looked through, what was found, what ages out, what stays. Signed with Ed25519. Pure."""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from burnish_gateway.privacy.erasure import Erasure, WorkspaceErasure
from burnish_shared.auth.sealing import derived_key

STORES: Final = (
    "executions", "execution_contents", "feedback", "feedback_history", "feedback_ids", "label_voices", "experiment_units", "review_items",
    "dataset_items", "test_runs", "batches", "chain_runs", "clarifications", "enrichments", "reports", "prompt_comments", "usage_user_days",
    "rollup_top_users", "budgets", "outbox", "dead_letters",
)  # fmt: skip
"""Tables that are looked through; `executions` includes their counted copies, and what evaluations keep of an answer."""

AGES_OUT: Final = {
    "JetStream streams": "7 days after a message was sent",
    "sent rows of the outbox": "1 day",
    "stored answers to repeated requests (sealed)": "1 day",
    "log files (no content)": "14 days",
    "backups": "30 days, and a restored backup applies this erasure again before it is ready",
}

REMOVED_TOO: Final = ("members", "execution_contents", "feedback_history")
"""Tables whose rows of an erased workspace went whole and are not counted: members at once, texts with those of retention."""

EMPTIED: Final = ("executions", "execution_facts", "feedback", "feedback_ids")
"""Tables out of whose rows texts and persons of an erased workspace went; what stays is numbers and names of prompts and models."""

WORKSPACE_AGES_OUT: Final = {name: age for name, age in AGES_OUT.items() if name != "backups"} | {
    "messages that were on their way and that nobody could handle later": "30 days",
    "backups": "30 days; after one that is older was restored, the workspace is to be erased again",
}

STAYS: Final = ("amounts in the ledger and in usage", "counts and rollups, which name nobody", "the audit log, which holds no content")

WORKSPACE_STAYS: Final = (
    *STAYS, "names of prompts, models and labels beside those counts", "reasons that were given for movements of credit",
    "earlier erasures of persons, who are named by a keyed hash, with their reasons", "accounts of people, who may belong elsewhere",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """`signature` is over the receipt as JSON with sorted keys and no blanks, in UTF-8. Both strings are base64."""

    receipt: dict[str, Any]
    signature: str
    public_key: str


def signed_receipt(erasure: Erasure, *, installation_key: bytes) -> SignedReceipt:
    """The same bytes each time as long as no further pass was made."""
    receipt = {
        "version": 1,
        "erasure_id": str(erasure.erasure_id),
        "workspace_id": str(erasure.workspace_id),
        "subject": {"hmac_sha256": erasure.subject_digest.hex()},
        "requested_by": erasure.requested_by,
        "requested_at": erasure.requested_at.isoformat(),
        "completed_at": erasure.completed_at.isoformat() if erasure.completed_at else None,
        "last_pass_at": erasure.last_pass_at.isoformat() if erasure.last_pass_at else None,
        "passes": erasure.number if erasure.next_pass_at is None else erasure.number - 1,
        "final": erasure.next_pass_at is None,
        "next_pass_at": erasure.next_pass_at.isoformat() if erasure.next_pass_at else None,
        "stores": {store: erasure.counts.get(store, 0) for store in STORES},
        "ages_out": AGES_OUT,
        "stays": list(STAYS),
    }
    return _signed(receipt, installation_key)


def signed_workspace_receipt(erasure: WorkspaceErasure, *, installation_key: bytes) -> SignedReceipt:
    """Of a whole workspace, whose erasure is completed. `stores` counts rows of configuration and dead letters. The same bytes
    each time."""
    receipt = {
        "version": 1,
        "workspace_id": str(erasure.workspace_id),
        "subject": "the whole workspace",
        "requested_by": erasure.requested_by,
        "requested_at": erasure.requested_at.isoformat(),
        "completed_at": erasure.completed_at.isoformat() if erasure.completed_at else None,
        "final": erasure.completed_at is not None,
        "stores": erasure.counts,
        "removed_too": list(REMOVED_TOO),
        "emptied": list(EMPTIED),
        "ages_out": WORKSPACE_AGES_OUT,
        "stays": list(WORKSPACE_STAYS),
    }
    return _signed(receipt, installation_key)


def _signed(receipt: dict[str, Any], installation_key: bytes) -> SignedReceipt:
    key = Ed25519PrivateKey.from_private_bytes(derived_key(installation_key, purpose="erasure-receipt-signature"))
    signature = key.sign(signed_bytes(receipt))
    return SignedReceipt(receipt, base64.b64encode(signature).decode(), base64.b64encode(key.public_key().public_bytes_raw()).decode())


def signed_bytes(receipt: dict[str, Any]) -> bytes:
    """What the signature is over."""
    return json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
