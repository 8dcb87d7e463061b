"""SQL of mails with a link for one person."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_shared.contracts.mails import MailKind
from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class MailClaim:
    """A mail that is ours until its lease ends. `number` is the fence."""

    mail_id: UUID
    workspace_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class DueMail:
    """What is to be sent. `workspace`: its name."""

    claim: MailClaim
    kind: MailKind
    sealed: bytes
    expires_at: datetime
    created_at: datetime
    workspace: str
    failed_before: int


async def claim_due(tx: Tx, *, limit: int, lease_s: float) -> list[MailClaim]:
    rows = await tx.fetch("SELECT mail_id, workspace_id, claim_no FROM claim_mails($1, $2)", limit, int(lease_s * 1000))
    return [MailClaim(row["mail_id"], row["workspace_id"], row["claim_no"]) for row in rows]


async def load(tx: Tx, claim: MailClaim) -> DueMail | None:
    """None where the claim was lost, or somebody took back what the link is for."""
    row = await tx.fetchrow(
        "SELECT m.kind, m.sealed, m.expires_at, m.created_at, m.attempts, w.name AS workspace FROM mails m "
        "JOIN workspaces w USING (workspace_id) WHERE m.mail_id = $1 AND m.claims = $2 AND m.status = 'pending' AND m.sealed IS NOT NULL",
        claim.mail_id,
        claim.number,
    )
    if row is None:
        return None
    return DueMail(claim, row["kind"], row["sealed"], row["expires_at"], row["created_at"], row["workspace"], row["attempts"])


async def put_off(tx: Tx, claim: MailClaim, *, delay_s: float, error: str, detail: str | None) -> None:
    """A failed attempt; due again in `delay_s`. Nothing happens where the claim was lost meanwhile."""
    await tx.execute(
        "UPDATE mails SET attempts = attempts + 1, error = $3, detail = $4, next_attempt_at = clock_timestamp() + $5 * interval '1 second' "
        "WHERE mail_id = $1 AND claims = $2 AND status = 'pending'",
        claim.mail_id, claim.number, error, detail, delay_s,
    )  # fmt: skip


async def settle(tx: Tx, claim: MailClaim, *, status: str, error: str | None, detail: str | None) -> None:
    """The end: sent or failed. The link is kept no longer."""
    await tx.execute(
        "UPDATE mails SET attempts = attempts + 1, status = $3, error = $4, detail = $5, sealed = NULL, settled_at = clock_timestamp() "
        "WHERE mail_id = $1 AND claims = $2 AND status = 'pending'",
        claim.mail_id, claim.number, status, error, detail,
    )  # fmt: skip


async def forget_old(tx: Tx, *, days: int, most: int) -> int:
    forgotten: int = await tx.fetchval("SELECT forget_mails($1, $2)", days, most)
    return forgotten
