"""Channels that heard of an endpoint's end hear that it is over: PagerDuty keeps an incident open until then."""

from uuid import UUID

from burnish_shared.contracts.alert_channels import ENDPOINT_GONE, ENDPOINT_OFF, ENDPOINT_ON
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid


async def tell_it_is_over(tx: Tx, workspace_id: UUID, endpoint_id: UUID, *, is_deleted: bool) -> None:
    """Each channel once for each end. It comes after what it ends where that is under way; what is tried after it is told no more."""
    await tx.execute(
        """
        INSERT INTO alert_notices (event_id, channel_id, workspace_id, event_type, body, occurred_at, next_attempt_at)
        SELECT $6, o.channel_id, $1, $3, jsonb_build_object('endpoint_id', $2::text), clock_timestamp(),
               greatest(clock_timestamp(), o.until + interval '1 second')
          FROM (SELECT n.channel_id, max(n.created_at) AS at,
                       max(n.next_attempt_at) FILTER (WHERE n.status = 'pending' AND n.next_attempt_at < 'infinity') AS until
                  FROM alert_notices n
                 WHERE n.workspace_id = $1 AND n.event_type = $4 AND n.body ->> 'endpoint_id' = $2::text AND n.status <> 'failed'
                 GROUP BY n.channel_id) o
         WHERE NOT EXISTS (SELECT FROM alert_notices l WHERE l.workspace_id = $1 AND l.channel_id = o.channel_id AND l.created_at > o.at
                              AND l.event_type = ANY ($5) AND l.body ->> 'endpoint_id' = $2::text)""",
        workspace_id,
        str(endpoint_id),
        ENDPOINT_GONE if is_deleted else ENDPOINT_ON,
        ENDPOINT_OFF,
        [ENDPOINT_ON, ENDPOINT_GONE],
        new_uuid(),  # channels take turns by it, and a restore tells by it what is of before
    )
