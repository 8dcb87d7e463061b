"""Mails with a link, in SQL, as the gateway writes them. The transaction is the workspace's."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_shared.contracts.mails import MailKind
from burnish_shared.db.session import Tx
from burnish_shared.ids import first_id_at


async def count_today(tx: Tx) -> int:
    """How many with a link for somebody the workspace wrote within 24 hours."""
    count: int = await tx.fetchval(
        "SELECT count(*) FROM mails WHERE created_at > clock_timestamp() - interval '1 day' AND kind <> 'password_changed'"
    )
    return count


async def password_changes(tx: Tx, workspace_id: UUID, user_id: UUID, *, since: datetime) -> int:
    """How often the password of this account changed, as the workspace's audit log says."""
    count: int = await tx.fetchval(
        """SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND audit_id >= $2 AND object_kind = 'user' AND object_id = $3
              AND action IN ('user.password_changed', 'user.password_reset')""",
        workspace_id, first_id_at(since), str(user_id),
    )  # fmt: skip
    return count


async def add_mail(tx: Tx, *, mail_id: UUID, workspace_id: UUID, kind: MailKind, sealed: bytes, expires_at: datetime) -> None:
    await tx.execute(
        "INSERT INTO mails (mail_id, workspace_id, kind, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)",
        mail_id, workspace_id, kind, sealed, expires_at,
    )  # fmt: skip


async def take_back(tx: Tx, mail_ids: Sequence[UUID]) -> None:
    """Those that are not sent yet stay unsent: their links work no more."""
    await tx.execute(
        "UPDATE mails SET status = 'failed', sealed = NULL, error = 'taken_back', settled_at = clock_timestamp() "
        "WHERE mail_id = ANY ($1::uuid[]) AND status = 'pending'",
        list(mail_ids),
    )


async def mails_of(tx: Tx, mail_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """mail_id, status and error of each that was written, by id."""
    rows = await tx.fetch("SELECT mail_id, status, error FROM mails WHERE mail_id = ANY ($1::uuid[])", list(mail_ids))
    return {row["mail_id"]: row for row in rows}
