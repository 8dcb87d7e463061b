"""Sessions of people, and tries to sign in, in SQL."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.person import SessionFacts
from burnish_shared.db.session import Tx


async def find_session(tx: Tx, session_id: UUID) -> SessionFacts | None:
    """Needs no tenant: before a session is known, so is no user."""
    row = await tx.fetchrow("SELECT * FROM find_session($1)", session_id)
    return SessionFacts(**row) if row is not None else None


async def add_session(
    tx: Tx, *, session_id: UUID, user_id: UUID, digest: bytes, way: str, expires_at: datetime, address: str, network: str, user_agent: str
) -> None:
    """The transaction must be the user's. `network`: of the address, as tries are counted."""
    await tx.execute(
        "INSERT INTO user_sessions (session_id, user_id, digest, way, expires_at, address, network, user_agent) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        session_id, user_id, digest, way, expires_at, address, network, user_agent,
    )  # fmt: skip


async def list_sessions(tx: Tx, *, after: UUID | None, limit: int) -> list[Record]:
    """The user's own that are not over, newest first, at most limit + 1."""
    return list(
        await tx.fetch(
            "SELECT session_id, way, created_at, expires_at, last_seen_at, address, user_agent FROM user_sessions "
            "WHERE revoked_at IS NULL AND expires_at > clock_timestamp() AND ($1::uuid IS NULL OR session_id < $1) "
            "ORDER BY session_id DESC LIMIT $2",
            after,
            limit + 1,
        )
    )


async def end_session(tx: Tx, session_id: UUID) -> bool:
    """False when the user has no such session. Ending twice keeps the first time."""
    ended = await tx.fetchval(
        "UPDATE user_sessions SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE session_id = $1 RETURNING true", session_id
    )
    return bool(ended)


async def end_sessions(tx: Tx, user_id: UUID, *, save: UUID | None) -> int:
    """Ends all sessions of a user but `save`, and notes each change. Returns how many. Call it last."""
    ended: int = await tx.fetchval("SELECT end_sessions($1, $2)", user_id, save)
    return ended


async def touch_session(tx: Tx, session_id: UUID) -> None:
    await tx.execute("UPDATE user_sessions SET last_seen_at = clock_timestamp() WHERE session_id = $1", session_id)


async def find_credential(tx: Tx, email: str) -> Record | None:
    """user_id, password_hash and disabled_at of the user with this e-mail and a password."""
    return await tx.fetchrow("SELECT * FROM find_credential($1)", email)


async def swap_password(tx: Tx, user_id: UUID, *, email: str, old: str, new: str) -> bool:
    """Hashes. False where another one than `old` stands there by now: of several changes at once one is made."""
    if await replace_hash(tx, user_id, email=email, old=old, new=new) != new:
        return False
    await tx.execute("SELECT set_password($1, $2)", user_id, new)  # says when it was changed
    return True


async def replace_hash(tx: Tx, user_id: UUID, *, email: str, old: str, new: str) -> str | None:
    """The hash that stands there now: `new`, or where another one than `old` stood there that one, which stays."""
    await tx.execute("SELECT replace_password_hash($1, $2, $3)", user_id, old, new)
    row = await find_credential(tx, email)
    return None if row is None else row["password_hash"]


async def hold_password(tx: Tx, user_id: UUID, *, email: str, stood: str) -> bool:
    """Whether the hash is still the one that `stood` there. Until the transaction ends nobody changes it."""
    return await replace_hash(tx, user_id, email=email, old=stood, new=stood) == stood


async def begin_sign_in(tx: Tx, *, pair: bytes, email_digest: bytes, address_digest: bytes, email: str, network: str) -> float:
    """Counts one try. Seconds until another one is taken; 0: this one is."""
    wait_s: float = await tx.fetchval("SELECT begin_sign_in($1, $2, $3, $4, $5)", pair, email_digest, address_digest, email, network)
    return wait_s


async def forgive_sign_in(tx: Tx, *, pair: bytes, email_digest: bytes, address_digest: bytes | None) -> None:
    """Pair and e-mail start anew. `address_digest`: whose last try does not count; None: it does."""
    await tx.execute("SELECT forgive_sign_in($1, $2, $3)", pair, email_digest, address_digest)
