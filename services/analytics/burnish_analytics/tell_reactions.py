"""Tells webhooks of reactions, many in one event: of new ones where it was asked for (`feedback.created`), of all that were taken back
(`feedback.retracted`)."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_analytics.announce import announce
from burnish_analytics.core.rollup import Fact
from burnish_analytics.io import facts_store, news_store
from burnish_analytics.take_turns import each
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.db.session import Database, Tx
from burnish_shared.hops import led_here_by
from burnish_shared.moments import in_utc

MOST_IN_AN_EVENT: Final = 100
WORKSPACES_AT_ONCE: Final = 500


async def note_reactions(tx: Tx, items: Sequence[FeedbackItem], facts: dict[tuple[UUID, UUID], Fact]) -> None:
    """Keeps those that were taken back, and new ones whose workspace has somebody to be told, in the transaction that counts them."""
    if not items:
        return
    listening = await news_store.listeners(tx, {one.workspace_id for one in items})
    kept = [one for one in items if one.is_taken_back or one.workspace_id in listening]
    if kept:
        simulated = {str(execution_id) for (_, execution_id), fact in facts.items() if fact.simulated}
        await news_store.add(tx, kept, simulated=simulated)


async def tell_reactions(db: Database) -> int:
    """Writes what waits as events, at most MOST_IN_AN_EVENT reactions in each. Returns how many events. Two at once do no harm."""
    async with db.unit_of_work(read_only=True, one_statement=True) as tx:
        workspaces = await news_store.waiting(tx, at_most=WORKSPACES_AT_ONCE)
    return await each("news", workspaces, partial(_tell, db))


async def _tell(db: Database, workspace_id: UUID) -> int:
    told, more = 0, True
    while more:
        async with db.unit_of_work(workspaces={workspace_id}) as tx:
            rows = await news_store.take(tx, workspace_id, at_most=MOST_IN_AN_EVENT)
            for fact, group in await _by_prompt(tx, workspace_id, rows):
                await _announce(tx, workspace_id, fact, group)
                told += 1
        more = len(rows) == MOST_IN_AN_EVENT
    return told


async def _by_prompt(tx: Tx, workspace_id: UUID, rows: Sequence[Record]) -> list[tuple[Fact | None, list[Record]]]:
    """The reactions of each version and label, so that an endpoint's filters can match the event; with one of their executions, if known.
    New ones and those taken back are told apart.

    What a webhook caused is told apart: of one event all came as many rounds.
    """
    wanted = {(workspace_id, row["execution_id"]) for row in rows if row["execution_id"]}
    facts = await facts_store.find_facts(tx, wanted)
    groups: dict[tuple[bool, int, tuple[str, int, str, bool] | None], tuple[Fact | None, list[Record]]] = {}
    for row in rows:
        fact = facts.get((workspace_id, row["execution_id"]))
        key = (fact.slug, fact.version, fact.label, fact.simulated) if fact else None
        groups.setdefault((row["is_taken_back"], row["hops"], key), (fact, []))[1].append(row)
    return list(groups.values())


async def _announce(tx: Tx, workspace_id: UUID, fact: Fact | None, rows: Sequence[Record]) -> None:
    first = rows[0]
    retracts = first["is_taken_back"]
    targets, kinds = {(row["execution_id"], row["session_id"]) for row in rows}, {row["kind"] for row in rows}
    data = {
        "count": len(rows),
        "execution_id": str(first["execution_id"]) if len(targets) == 1 and first["execution_id"] else None,
        "session_id": first["session_id"] if len(targets) == 1 else None,
        "prompt": (fact.slug or None) if fact else None,
        "version": (fact.version or None) if fact else None,
        "label": (fact.label or None) if fact else None,
        "kind": first["kind"] if len(kinds) == 1 else "several",
        "reactions": [_reaction(row) for row in rows],
    }
    if not retracts:
        data["value"] = first["value"] if len(rows) == 1 else None
    with led_here_by(first["hops"]):
        await announce(
            tx,
            "feedback.retracted" if retracts else "feedback.created",
            workspace_id=workspace_id,
            at=rows[-1]["at"],
            object_id=str(first["feedback_id"]),
            version=None if retracts else 1,
            simulated=fact.simulated if fact else any(row["simulated"] for row in rows),
            data=data,
        )


def _reaction(row: Record) -> dict[str, Any]:
    told = {
        "feedback_id": str(row["feedback_id"]),
        "execution_id": str(row["execution_id"]) if row["execution_id"] else None,
        "session_id": row["session_id"],
        "kind": row["kind"],
        "at": in_utc(row["at"]),
    }
    return told if row["is_taken_back"] else told | {"value": row["value"]}
