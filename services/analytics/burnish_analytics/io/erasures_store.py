"""The SQL of erasures, as far as analytics is concerned; the gateway inserts what is asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from burnish_shared.contracts.erasures import Tombstone
from burnish_shared.db.session import Tx

Step = Literal["more", "done", "busy", "held"]


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass that is over. `number`: 1, 2 or 3; `counts`: rows by store, of all passes so far."""

    number: int
    counts: dict[str, int]
    completed_at: datetime | None
    restored: bool


async def due(tx: Tx, *, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, erasure) of those whose next pass is due."""
    rows = await tx.fetch("SELECT workspace_id, erasure_id FROM erasures_due($1)", at_most)
    return [(row["workspace_id"], row["erasure_id"]) for row in rows]


async def step(tx: Tx, erasure_id: UUID, *, at_most: int) -> Step:
    """The next bounded batch of the pass."""
    # Planned for its values, a page hashes the person of every execution of the installation: 4 s at 360,000, and past the time limit of a
    # statement at some millions. The plan for any values looks up the page's own, in 15 ms.
    await tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    return await tx.fetchval("SELECT erase_step($1, $2)", erasure_id, at_most)  # type: ignore[no-any-return]


async def erase_reviews(tx: Tx, erasure_id: UUID, *, after: UUID, at_most: int) -> UUID | None:
    """Takes the person's answers out of the review queue, a page of it. Returns the last one looked at; None: all were.

    Before the first step: that takes the person from the executions, by which their answers are known.
    """
    # From its sixth page on a session took one plan for any page, which hashes every execution for each: 8 s in place of 0.5.
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    return await tx.fetchval("SELECT erase_reviews($1, $2, $3)", erasure_id, after, at_most)  # type: ignore[no-any-return]


async def erase_comments(tx: Tx, erasure_id: UUID, *, after: UUID, at_most: int) -> UUID | None:
    """Deletes comments on the person's runs and sessions, a page of all such comments. As `erase_reviews`, before the first step too."""
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    return await tx.fetchval("SELECT erase_comments($1, $2, $3)", erasure_id, after, at_most)  # type: ignore[no-any-return]


async def erase_replaced_words(tx: Tx, erasure_id: UUID, *, after: UUID, at_most: int) -> UUID | None:
    """Deletes what nobody in particular said of the person's answers and another reaction replaced, a page of all such. As `erase_reviews`,
    before the first step too."""
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    return await tx.fetchval("SELECT erase_replaced_words($1, $2, $3)", erasure_id, after, at_most)  # type: ignore[no-any-return]


async def erase_dead_requests(tx: Tx, erasure_id: UUID, *, after: UUID, at_most: int) -> UUID | None:
    """Removes messages about one thing that nobody could handle and that name the person, a page of all. As `erase_reviews`."""
    return await tx.fetchval("SELECT erase_dead_requests($1, $2, $3)", erasure_id, after, at_most)  # type: ignore[no-any-return]


async def erase_chain_runs(tx: Tx, erasure_id: UUID, *, at_most: int) -> int:
    """What runs of chains keep of the person; those under way are cancelled. 0: none is left."""
    return await tx.fetchval("SELECT erase_chain_runs($1, $2)", erasure_id, at_most)  # type: ignore[no-any-return]


async def erase_assistant_work(tx: Tx, erasure_id: UUID, *, at_most: int) -> int:
    """Clarifying sessions and enrichments about the person. 0: none is left."""
    return await tx.fetchval("SELECT erase_assistant_work($1, $2)", erasure_id, at_most)  # type: ignore[no-any-return]


async def erase_batches(tx: Tx, erasure_id: UUID, *, at_most: int) -> int:
    """The person's lines that wait in batches, and uploaded files. 0: none is left."""
    return await tx.fetchval("SELECT erase_batches($1, $2)", erasure_id, at_most)  # type: ignore[no-any-return]


async def erase_reports(tx: Tx, erasure_id: UUID) -> None:
    """Removes reports about the person, and the words of all failure groups."""
    await tx.execute("SELECT erase_reports($1)", erasure_id)


async def erase_names_in_alerts(tx: Tx, workspace_id: UUID) -> None:
    """Alerts of an end user's budget lose its name, once an erasure has taken it from the budget: people name such budgets after whom
    they are for. Idempotent."""
    await tx.execute(
        """UPDATE alerts a SET summary = replace(a.summary, ' “' || (a.changed ->> 'name') || '”', ''), changed = a.changed - 'name'
             FROM budgets b
            WHERE b.workspace_id = $1 AND b.target_kind = 'end_user' AND b.name = 'erased' AND a.workspace_id = $1 AND a.kind = 'budget'
              AND a.changed ->> 'budget_id' = b.budget_id::text AND a.changed ->> 'name' IS NOT NULL""",
        workspace_id,
    )


async def erase_voices(tx: Tx, erasure_id: UUID, *, after: str, at_most: int) -> str | None:
    """Takes the person's name from what single voices said, a page of names. Returns the last name looked at; None: all were."""
    return await tx.fetchval("SELECT erase_voices($1, $2, $3)", erasure_id, after, at_most)  # type: ignore[no-any-return]


async def erase_session_units(tx: Tx, erasure_id: UUID) -> int:
    """Units of experiments that are sessions of the person, while the pass knows them. Returns how many rows."""
    return await tx.fetchval("SELECT erase_session_units($1)", erasure_id)  # type: ignore[no-any-return]


async def erase_session_chain_runs(tx: Tx, erasure_id: UUID) -> int:
    """What runs of chains in the person's sessions keep, once the pass knows these all. Returns how many runs."""
    return await tx.fetchval("SELECT erase_session_chain_runs($1)", erasure_id)  # type: ignore[no-any-return]


async def erase_session_batches(tx: Tx, erasure_id: UUID) -> int:
    """Lines that wait in batches for the person's sessions, once the pass knows these all. Returns how many."""
    return await tx.fetchval("SELECT erase_session_batches($1)", erasure_id)  # type: ignore[no-any-return]


async def is_held(tx: Tx, erasure_id: UUID) -> bool:
    """Whether a legal hold is on. To be asked in each transaction that takes something after the steps, which ask for themselves."""
    return await tx.fetchval("SELECT erasure_held($1)", erasure_id)  # type: ignore[no-any-return]


async def erase_units(tx: Tx, erasure_id: UUID, *, after: str, at_most: int) -> str | None:
    """Takes the person's name from the units of experiments, a page of names. Returns the last name looked at; None: all were."""
    return await tx.fetchval("SELECT erase_units($1, $2, $3)", erasure_id, after, at_most)  # type: ignore[no-any-return]


async def erase_top_users(tx: Tx, erasure_id: UUID, *, after: str, at_most: int) -> str | None:
    """Takes the person's name from the heaviest end users, a page of names. Returns the last name looked at; None: all were."""
    return await tx.fetchval("SELECT erase_top_users($1, $2, $3)", erasure_id, after, at_most)  # type: ignore[no-any-return]


async def lock_finished_pass(tx: Tx, workspace_id: UUID, erasure_id: UUID) -> Pass | None:
    """The pass that is through its last stage; None where somebody else closed it meanwhile."""
    row = await tx.fetchrow(
        """SELECT pass, counts, completed_at, restored FROM erasures
            WHERE workspace_id = $1 AND erasure_id = $2 AND stage = 'done' AND next_pass_at <= clock_timestamp() FOR UPDATE""",
        workspace_id,
        erasure_id,
    )
    return Pass(row["pass"], row["counts"], row["completed_at"], row["restored"]) if row else None


async def close_pass(tx: Tx, workspace_id: UUID, erasure_id: UUID, *, next_after_s: float | None) -> None:
    """Sets the next pass so long after the request, or, with None, none at all: then the key of the hash goes too."""
    await tx.execute(
        """UPDATE erasures SET status = 'completed', completed_at = coalesce(completed_at, clock_timestamp()),
                  last_pass_at = clock_timestamp(), pass = CASE WHEN $3::float8 IS NULL THEN pass ELSE pass + 1 END,
                  stage = CASE WHEN $3 IS NULL THEN stage ELSE 'executions' END,
                  next_pass_at = CASE WHEN $3 IS NULL THEN 'infinity'
                                      ELSE greatest(requested_at + $3 * interval '1 second', clock_timestamp()) END,
                  subject_key = CASE WHEN $3 IS NULL THEN NULL ELSE subject_key END
            WHERE workspace_id = $1 AND erasure_id = $2""",
        workspace_id,
        erasure_id,
        next_after_s,
    )


async def workspaces_due(tx: Tx) -> list[UUID]:
    """Workspaces that are to be erased and are not done."""
    return [row[0] for row in await tx.fetch("SELECT workspace_erasures_due()")]


async def erase_workspace_step(tx: Tx, workspace_id: UUID, *, at_most: int) -> Literal["more", "done", "waits"]:
    """The next bounded batch of a workspace's configuration."""
    return await tx.fetchval("SELECT erase_workspace_step($1, $2)", workspace_id, at_most)  # type: ignore[no-any-return]


async def erase_letters_of_workspace(tx: Tx, workspace_id: UUID, *, after: UUID, at_most: int) -> UUID | None:
    """Removes what nobody could handle and is about the workspace, a page of all. As `erase_reviews`."""
    return await tx.fetchval("SELECT erase_letters_of_workspace($1, $2, $3)", workspace_id, after, at_most)  # type: ignore[no-any-return]


async def close_workspace(tx: Tx, workspace_id: UUID) -> bool:
    """Whether this was the call that closed it. Under a legal hold nothing was forgotten since it came, and it stays open."""
    row = await tx.fetchrow(
        """UPDATE workspace_erasures e SET completed_at = clock_timestamp() FROM workspaces w
            WHERE e.workspace_id = $1 AND e.completed_at IS NULL AND w.workspace_id = e.workspace_id AND NOT w.legal_hold RETURNING true""",
        workspace_id,
    )
    return row is not None


async def note_erased_workspace(tx: Tx, workspace_id: UUID, audit_id: UUID) -> None:
    """The last entry in a workspace's audit log."""
    await tx.execute(
        """INSERT INTO audit_log (audit_id, workspace_id, actor, action, object_kind, object_id)
           VALUES ($1, $2, 'system:analytics', 'workspace.erased', 'workspace', $3)""",
        audit_id,
        workspace_id,
        str(workspace_id),
    )


async def known(tx: Tx, erasure_ids: Collection[UUID]) -> set[UUID]:
    """Which of these the table has."""
    return {row[0] for row in await tx.fetch("SELECT known_erasures($1)", list(erasure_ids))}


async def restore(tx: Tx, tombstone: Tombstone) -> None:
    """Puts back an erasure that the table has lost. It is applied as soon as a gateway has made its key again."""
    await tx.execute(
        """INSERT INTO erasures (erasure_id, workspace_id, subject_digest, requested_by, requested_at, restored)
           VALUES ($1, $2, $3, $4, $5, true) ON CONFLICT DO NOTHING""",
        tombstone.erasure_id,
        tombstone.workspace_id,
        bytes.fromhex(tombstone.subject_digest),
        tombstone.requested_by,
        tombstone.requested_at,
    )


async def beside(tx: Tx, erasure_ids: Collection[UUID], *, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, erasure) of those that the table has and that are not among these, if they are an hour old."""
    rows = await tx.fetch("SELECT workspace_id, erasure_id FROM erasures_beside($1, $2)", list(erasure_ids), at_most)
    return [(row["workspace_id"], row["erasure_id"]) for row in rows]


async def tombstone_of(tx: Tx, workspace_id: UUID, erasure_id: UUID) -> Tombstone:
    (row,) = await tx.fetch(
        """SELECT erasure_id, workspace_id, encode(subject_digest, 'hex') AS subject_digest, requested_by, requested_at
             FROM erasures WHERE workspace_id = $1 AND erasure_id = $2""",
        workspace_id,
        erasure_id,
    )
    return Tombstone(**dict(row))
