"""One entry of the audit log: who changed what, written in the transaction of the change (PRODUCT T4)."""

from collections.abc import Mapping
from typing import Any, Final, Literal, get_args
from uuid import UUID

from burnish_shared.db.changes import ChangeKind, tell_pages
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

AuditKind = Literal[
    "alert",
    "alert_channel",
    "alert_mute",
    "alert_rule",
    "api_key",
    "batch",
    "budget",
    "cache",
    "chain",
    "chain_label",
    "clarification_models",
    "comment",
    "credits",
    "dataset",
    "dead_letter",
    "enrichment_prompt",
    "erasure",
    "evaluator",
    "execution",
    "experiment",
    "experiment_backtest",
    "experiment_namespace",
    "experiment_settings",
    "feedback",
    "file",
    "generations",
    "guardrail",
    "inbound_endpoint",
    "invitation",
    "live_evaluation",
    "masking",
    "member",
    "metric",
    "model",
    "model_migration",
    "optimization",
    "organization",
    "plan",
    "prompt",
    "prompt_label",
    "provider_key",
    "recount",
    "report",
    "report_schedule",
    "review",
    "review_settings",
    "routing",
    "schedule",
    "scoring",
    "suggestion",
    "test_run",
    "transfer",
    "user",
    "view",
    "webhook_endpoint",
    "webhook_replay",
    "workspace",
]
"""Of what kind an object is that somebody changes. Whoever writes another kind adds it here: the page offers these."""

KINDS: Final[tuple[str, ...]] = get_args(AuditKind)

_ON_OPEN_PAGES: Final[Mapping[AuditKind, ChangeKind]] = {
    "chain": "chain",
    "chain_label": "chain",
    "comment": "comment",
    "dataset": "dataset",
    "evaluator": "evaluator",
    "experiment": "experiment",
    "view": "view",
}
"""What open pages are told of by its entry; whoever changes another kind notes it, where it is to be told (`ChangeKind`)."""


async def add_entry(
    tx: Tx,
    *,
    workspace_id: UUID,
    actor: str,
    action: str,
    kind: AuditKind,
    key: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    request_id: str | None = None,
    address: str | None = None,
) -> None:
    """`actor`: `user:…`, `api_key:…`, `operator`, or `system:…` with the service that acted by itself.

    `before` and `after` hold no secret and no text of prompts: the log outlives what is forgotten. The transaction must be the workspace's.
    """
    await tx.execute(
        "INSERT INTO audit_log (audit_id, workspace_id, actor, action, object_kind, object_id, before, after, request_id, address) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new_uuid(), workspace_id, actor, action, kind, key, before, after, request_id, address,
    )  # fmt: skip
    if (changed := _ON_OPEN_PAGES.get(kind)) is not None:
        tell_pages(tx, workspace_id=workspace_id, kind=changed)
