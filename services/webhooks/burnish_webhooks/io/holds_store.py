"""SQL of the hold after a restore."""

from burnish_shared.db.session import Tx


async def is_held(tx: Tx) -> bool:
    """Whether a backup was restored and no operator has let messages go out since."""
    held: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM restores WHERE released_at IS NULL)")
    return held
