"""Groups the failures of a prompt: what people said, wrong answers of test runs, what evaluators did not pass."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_analytics.core.failures import TEXT_MOST, Failure, FoundGroup, Source, category, shown, text_of
from burnish_analytics.io import failure_store as store
from burnish_shared.db.session import Database, Tx
from burnish_shared.sandbox.outcome import Failed
from burnish_shared.sandbox.worker_process import WorkerProcess

EACH_MOST: Final = 500
"""Failures of each kind that are looked at, the newest: all in all as many as average linkage takes a second for."""

ANSWER_S: Final = 60.0

RANK: Final[dict[Source, int]] = {"correction": 0, "comment": 1, "reaction": 2, "evaluator": 3, "test_run": 4}


async def group_failures(db: Database, wanted: store.Wanted, worker: WorkerProcess, *, now: datetime) -> bool:
    """Reads, has them grouped by the worker, writes. False where the worker failed; the groups of before stay."""
    start = now - timedelta(days=wanted.days)
    async with db.unit_of_work(workspaces={wanted.workspace_id}) as tx:
        failures = await failures_of(tx, wanted.workspace_id, wanted.slug, since=start)
    groups = await _grouped(failures, worker)
    result = shown(failures, groups, start=start, end=now) if groups is not None else None
    async with db.unit_of_work(workspaces={wanted.workspace_id}) as tx:
        await store.finish(tx, wanted, status="ready" if result is not None else "failed", result=result, at=now)
    return result is not None


async def failures_of(tx: Tx, workspace_id: UUID, slug: str, *, since: datetime) -> list[Failure]:
    """Oldest first, in an order that depends on nothing but them. Those of all prompts name theirs."""
    found = [
        *_merged(await store.reactions(tx, workspace_id, slug, since=since, at_most=EACH_MOST)),
        *(_of_case(row) for row in await store.wrong_answers(tx, workspace_id, slug, since=since, at_most=EACH_MOST)),
        *(_of_score(row) for row in await store.failed_scores(tx, workspace_id, slug, since=since, at_most=EACH_MOST)),
    ]
    return sorted(found if slug == "" else (replace(one, prompt="") for one in found), key=lambda one: one.order)


async def _grouped(failures: Sequence[Failure], worker: WorkerProcess) -> list[FoundGroup] | None:
    if not failures:
        return []
    texts = [
        {"complaint": one.complaint, "asked": one.asked, "expected": one.expected, "answered": one.answered, "person": one.person}
        for one in failures
    ]
    answer = await worker.ask(json.dumps({"failures": texts}).encode(), timeout_s=ANSWER_S)
    if isinstance(answer, Failed):
        return None
    return [FoundGroup(tuple(one["members"]), tuple(one["words"]), one["phrase"], tuple(one["common"])) for one in answer["groups"]]


def _merged(rows: Iterable[Record]) -> Iterator[Failure]:
    """What one person said of one answer is one failure, however many marks and words it took."""
    by_voice: dict[tuple[Any, str], Failure] = {}
    for row in rows:
        key, one = (row["execution_id"], row["end_user"]), _of_reaction(row)
        before = by_voice.get(key)
        by_voice[key] = one if before is None else _both(before, one)
    yield from by_voice.values()


def _both(before: Failure, other: Failure) -> Failure:
    first, second = sorted((before, other), key=lambda one: RANK[one.source])
    words = " ".join(dict.fromkeys(one.complaint for one in (first, second) if one.complaint))
    ids = ",".join(dict.fromkeys(one for it in (first, second) for one in it.reference["feedback_id"].split(",")))
    reference = {**first.reference, "feedback_id": ids}
    return replace(first, complaint=words[:TEXT_MOST], at=max(first.at, second.at), reference=reference)


def _of_reaction(row: Record) -> Failure:
    correction, comment = row["correction"] or "", row["comment"] or ""
    source: Source = "correction" if correction else "comment" if comment else "reaction"
    expected = category(correction)
    return Failure(
        source=source,
        at=row["accepted_at"],
        version=row["version"],
        prompt=row["slug"] or "",
        complaint=f"{comment} {'' if expected else correction}".strip()[:TEXT_MOST],
        asked=text_of(row["variables"], row["messages"]),
        expected=expected,
        answered=category(row["output"]) if expected else "",
        person=row["end_user"],
        reference={"execution_id": str(row["execution_id"]), "feedback_id": str(row["feedback_id"])},
    )


def _of_case(row: Record) -> Failure:
    """A case that evaluators failed says why in their words."""
    case = row["failed"]
    reasons = [one.get("reason", "") for one in (case.get("scores") or {}).values() if one.get("passed") is False]
    return Failure(
        source="test_run",
        at=row["finished_at"],
        version=row["version"],
        prompt=row["slug"] or "",
        complaint=" ".join(reasons)[:TEXT_MOST],
        asked=text_of(case.get("input"), None),
        expected=category(case.get("expected")),
        answered=category(case.get("output")),
        person="",
        chain=row["chain"] or "",
        reference={"test_run_id": str(row["test_run_id"])} | ({"item_id": str(case["item_id"])} if case.get("item_id") else {}),
    )


def _of_score(row: Record) -> Failure:
    return Failure(
        source="evaluator",
        at=row["finished_at"],
        version=row["version"],
        prompt=row["slug"] or "",
        complaint=row["reason"][:TEXT_MOST],
        asked=text_of(row["variables"], row["messages"]),
        expected="",
        answered="",
        person="",
        reference={"execution_id": str(row["execution_id"]), "evaluator_id": str(row["evaluator_id"])},
    )
