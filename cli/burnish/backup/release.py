"""`burnish webhooks release`: after a restore, lets messages to others go out again.

What was waiting when the backup was taken may have been sent since. So it stays unless the operator says otherwise, and can be sent again
one by one or by range, like anything that was cancelled.
"""

from dataclasses import dataclass

from burnish.backup import backup_store as store


@dataclass(frozen=True, slots=True)
class Released:
    """`kept`: deliveries and notices from before that stay unsent. `sent`: those that go now."""

    kept: int
    sent: int


async def release(database_url: str, *, everything: bool) -> Released | None:
    """None where nothing is held. `everything`: also what may have been sent before. Idempotent.

    `database_url`: the operator's login. Raises StartFailed when the database cannot be reached.
    """
    async with store.connected(database_url, as_owner=True) as connection:
        since = await store.held_since(connection)
        if since is None:
            return None
        kept = 0 if everything else await store.keep_old(connection, since=since)
        return Released(kept, await store.let_go(connection))
