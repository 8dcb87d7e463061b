"""SQL of what alert channels are told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from asyncpg import Record

from burnish_shared.contracts.alert_channels import ENDPOINT_OFF, ENDPOINT_ON, OVER_ALREADY, ChannelKind
from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Tx
from burnish_webhooks.core.notice import Channel, Notice
from burnish_webhooks.core.partly_mailed import Refused


@dataclass(frozen=True, slots=True)
class NoticeClaim:
    """A notice that is ours until its lease ends. `number` is the fence."""

    workspace_id: UUID
    event_id: UUID
    channel_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class DueNotice:
    """What is to be sent where."""

    claim: NoticeClaim
    notice: Notice
    kind: ChannelKind
    settings: dict[str, Any]
    secret_sealed: bytes | None
    failed_before: int
    mail_refused: Refused | None = None


async def channels(tx: Tx, workspaces: Collection[UUID]) -> list[Channel]:
    """Those of these workspaces that are switched on."""
    rows = await tx.fetch(
        "SELECT channel_id, workspace_id, filters, kind FROM alert_channels WHERE workspace_id = ANY ($1::uuid[]) AND enabled",
        list(workspaces),
    )
    return [Channel(row["channel_id"], row["workspace_id"], row["filters"], row["kind"]) for row in rows]


async def lock_alerts(tx: Tx, alert_ids: Collection[str]) -> None:
    """Until the transaction ends: what is read of one alert by several processes is noted one after another."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(a, 0)) FROM (SELECT unnest($1::text[]) a ORDER BY 1) x",
        [f"alert_notices:{one}" for one in alert_ids],
    )


async def release(tx: Tx, *, workspace_id: UUID, alert_id: UUID, channels: Collection[UUID]) -> int:
    """What was read of the alert before its beginning is due where the beginning goes. Returns how many."""
    released = await tx.fetch(
        """UPDATE alert_notices SET next_attempt_at = clock_timestamp()
            WHERE workspace_id = $1 AND alert_id = $2 AND channel_id = ANY ($3::uuid[])
              AND status = 'pending' AND next_attempt_at = 'infinity'
        RETURNING event_id""",
        workspace_id, alert_id, list(channels),
    )  # fmt: skip
    return len(released)


async def add(tx: Tx, notices: Sequence[tuple[Event, UUID]], *, waits: bool = False) -> int:
    """Writes a notice for each (event, channel) that has none. A channel that was deleted meanwhile gets none. Returns how many.

    `waits`: not due before it is released. Most never are: the alert was told of nowhere, and they go after 30 days like all others.
    An alert whose stronger reason came later is raised again: of that only those are told who were not told of it.
    """
    made = await tx.fetch(
        """INSERT INTO alert_notices (event_id, channel_id, workspace_id, alert_id, event_type, body, simulated, occurred_at,
                                      next_attempt_at)
           SELECT n.*, CASE WHEN $9 THEN 'infinity' ELSE clock_timestamp() END
             FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::boolean[], $8::timestamptz[])
                  n (event_id, channel_id, workspace_id, alert_id, event_type, body, simulated, occurred_at)
             JOIN alert_channels c ON c.workspace_id = n.workspace_id AND c.channel_id = n.channel_id
            WHERE n.event_type <> 'alert.raised' OR NOT EXISTS (
                  SELECT FROM alert_notices t WHERE t.workspace_id = n.workspace_id AND t.alert_id = n.alert_id
                     AND t.channel_id = n.channel_id AND t.event_type = 'alert.raised' AND t.event_id <> n.event_id)
            ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING event_id""",
        [event.id for event, _ in notices],
        [channel_id for _, channel_id in notices],
        [event.workspace_id for event, _ in notices],
        [UUID(event.data["alert_id"]) if "alert_id" in event.data else None for event, _ in notices],
        [event.type for event, _ in notices],
        [event.data for event, _ in notices],
        [event.simulated for event, _ in notices],
        [event.occurred_at for event, _ in notices],
        waits,
    )
    return len(made)


async def told_channels(tx: Tx, *, workspace_id: UUID, alert_id: UUID) -> list[UUID]:
    """Where this alert was told of, or is about to be."""
    rows = await tx.fetch(
        "SELECT DISTINCT channel_id FROM alert_notices WHERE workspace_id = $1 AND alert_id = $2 AND event_type = 'alert.raised'",
        workspace_id,
        alert_id,
    )
    return [row["channel_id"] for row in rows]


async def claim_due(tx: Tx, *, limit: int, lease_s: float) -> list[NoticeClaim]:
    rows = await tx.fetch(
        "SELECT workspace_id, event_id, channel_id, claim_no FROM claim_alert_notices($1, $2)", limit, int(lease_s * 1000)
    )
    return [NoticeClaim(row["workspace_id"], row["event_id"], row["channel_id"], row["claim_no"]) for row in rows]


_IS_OVER: Final = f"""(n.event_type = '{ENDPOINT_OFF}' AND NOT EXISTS (
    SELECT FROM webhook_endpoints o JOIN webhook_endpoint_states s ON s.endpoint_id = o.endpoint_id
     WHERE o.workspace_id = n.workspace_id AND o.endpoint_id::text = n.body ->> 'endpoint_id' AND o.deleted_at IS NULL
       AND s.disabled_at > o.enabled_at))"""
"""SQL: nobody must hear of an endpoint's end any more. Told late, it would open an incident that nothing ends."""


async def load(tx: Tx, claim: NoticeClaim, *, base_url: str) -> DueNotice | None:
    """None where the claim was lost, the channel was switched off or deleted since, or the endpoint that was switched off is on again or
    gone. A test goes by a channel that is off, too."""
    row = await tx.fetchrow(
        f"""SELECT n.event_type, n.alert_id, n.body, n.occurred_at, n.simulated, n.attempts, n.mail_refused,
                  c.kind, c.settings, c.secret_sealed, w.name AS workspace, e.description, e.url
             FROM alert_notices n JOIN alert_channels c ON c.channel_id = n.channel_id JOIN workspaces w ON w.workspace_id = n.workspace_id
             LEFT JOIN webhook_endpoints e ON n.event_type LIKE 'webhook.endpoint%' AND e.workspace_id = n.workspace_id
                   AND e.endpoint_id::text = n.body ->> 'endpoint_id'
            WHERE n.event_id = $1 AND n.channel_id = $2 AND n.claims = $3 AND n.status = 'pending' AND n.leased_until > clock_timestamp()
              AND (c.enabled OR n.event_type = 'test') AND NOT {_IS_OVER}""",
        claim.event_id,
        claim.channel_id,
        claim.number,
    )
    if row is None:
        return None
    about = _about(row["event_type"], row["alert_id"], row["body"])
    # With its workspace: whoever follows it may have another one open.
    link = f"{base_url.rstrip('/')}/app/{about}?workspace={claim.workspace_id}" if base_url and about else None
    notice = Notice(
        row["event_type"], row["alert_id"], row["body"], row["occurred_at"], row["simulated"], link, row["workspace"], _named(row)
    )
    return DueNotice(claim, notice, row["kind"], row["settings"], row["secret_sealed"], row["attempts"], row["mail_refused"])


def _named(row: Record) -> str | None:
    """An endpoint by its description and host; the rest of its address may be a secret."""
    if row["url"] is None:
        return None
    host = urlsplit(row["url"]).hostname or ""
    return f"{row['description']} ({host})" if row["description"] else host


def _about(event_type: str, alert_id: UUID | None, body: dict[str, Any]) -> str:
    """Where the page shows what is told of, below `/app/`: people read notices, programs read webhooks. Empty for a test."""
    if alert_id is not None:
        return f"alerts/{alert_id}"
    if event_type in (ENDPOINT_OFF, ENDPOINT_ON):
        return f"webhooks/{body['endpoint_id']}"
    if "experiment_id" in body:
        return f"experiments/{body['experiment_id']}"
    return f"analytics/reports/{body['report_id']}" if "report_id" in body else ""


async def put_off(
    tx: Tx, claim: NoticeClaim, *, delay_s: float, error: str, detail: str | None, mail_refused: Refused | None = None
) -> None:
    """A failed attempt; due again in `delay_s`. Nothing happens where the claim was lost meanwhile."""
    await tx.execute(
        """UPDATE alert_notices SET attempts = attempts + 1, leased_until = NULL, error = $4, detail = $5,
                  next_attempt_at = clock_timestamp() + $6 * interval '1 second', mail_refused = $7
            WHERE event_id = $1 AND channel_id = $2 AND claims = $3 AND status = 'pending'""",
        claim.event_id, claim.channel_id, claim.number, error, detail, delay_s,
        dict(mail_refused) if mail_refused is not None else None,
    )  # fmt: skip


async def settle(tx: Tx, claim: NoticeClaim, *, status: str, error: str | None, detail: str | None) -> None:
    """The end: sent or failed."""
    await tx.execute(
        """UPDATE alert_notices SET attempts = attempts + 1, leased_until = NULL, status = $4, error = $5, detail = $6,
                  settled_at = clock_timestamp(), mail_refused = NULL
            WHERE event_id = $1 AND channel_id = $2 AND claims = $3 AND status = 'pending'""",
        claim.event_id, claim.channel_id, claim.number, status, error, detail,
    )  # fmt: skip


async def drop_needless(tx: Tx, claim: NoticeClaim) -> None:
    """Ends a notice of a channel that is off, and one of an endpoint's end that is over."""
    await tx.execute(
        f"""UPDATE alert_notices n SET status = 'failed', error = CASE WHEN {_IS_OVER} THEN '{OVER_ALREADY}' ELSE 'channel_off' END,
                  detail = NULL, leased_until = NULL, mail_refused = NULL, settled_at = clock_timestamp()
            WHERE n.event_id = $1 AND n.channel_id = $2 AND n.claims = $3 AND n.status = 'pending'
              AND ({_IS_OVER} OR EXISTS (SELECT FROM alert_channels c WHERE c.channel_id = n.channel_id AND NOT c.enabled))""",
        claim.event_id,
        claim.channel_id,
        claim.number,
    )


async def forget_old(tx: Tx, *, days: int, most: int) -> int:
    forgotten: int = await tx.fetchval("SELECT forget_alert_notices($1, $2)", days, most)
    return forgotten
