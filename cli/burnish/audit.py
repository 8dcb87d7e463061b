"""`burnish doctor --audit`: are the books right (PROMISES P-09, the universal oracle).

First it waits until everything that had begun before it is over, at most `BURNISH_AUDIT_PATIENCE_S`; what has not ended by then is
stuck. Where that is not set and calls are still held for, it waits until they must be over: their deadlines may be minutes away.

Then it looks at every row. What goes on meanwhile does not disturb it.
"""

import asyncio
import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from burnish import audit_bus, audit_journal, audit_store
from burnish.audit_deliveries import missing_deliveries
from burnish_analytics.recount import recount_all
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable

PATIENCE_S: Final = 90.0
"""'Kill any process at any time: the checker finds nothing stuck after 90 s' (PROMISES, printed on the README)."""

FIRST_ANSWER_S: Final = 30.0
"""A server that has not answered once by then is away, or somewhere else: one that was killed just before is back sooner. One that did
answer is waited for, it may come back."""

LOOK_AGAIN_S: Final = 0.25
TELL_S: Final = 2.0

RECOUNTED_DAYS: Final = 7
"""Rollups of so many days are counted again; a recount reads every raw row of them."""


Say = Callable[[str], None]


class BadPatience(ValueError):
    """How long to wait is no time."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `wrong`: how many are not as they must be; `examples`: some of them, in words."""

    name: str
    looked_at: int
    wrong: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """`under_way`: what was not over when patience ended, by kind."""

    waited_s: float
    under_way: dict[str, int]
    checks: list[Check]

    @property
    def is_clean(self) -> bool:
        return not self.under_way and not any(check.wrong for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        return {"clean": self.is_clean, **asdict(self)}


def run(connection: dict[str, Any], *, journal: Path | None, as_json: bool) -> int:
    """Prints what it finds. 0: the books are right; 1: they are not; 2: they could not be read."""
    is_bounded = bool(os.environ.get("BURNISH_AUDIT_PATIENCE_S"))
    try:
        lines = audit_journal.read_journal(journal) if journal is not None else None
        auditing = audit(
            connection["database_url"],
            connection["nats_url"],
            journal=lines,
            patience_s=_patience_s(),
            awaits_deadlines=not is_bounded,
            say=_tell,
        )
        report = asyncio.run(auditing)
    except (audit_journal.BadJournal, BadPatience, Unavailable, ConnectionError) as error:
        print(f"The audit could not be made: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report.to_json()) if as_json else _table(report))
    return 0 if report.is_clean else 1


async def audit(
    database_url: str,
    nats_url: str,
    *,
    journal: list[audit_journal.Line] | None = None,
    patience_s: float = PATIENCE_S,
    awaits_deadlines: bool = False,
    say: Say = lambda text: None,
) -> Report:
    """Waits, looks, and reports. Changes nothing. `awaits_deadlines`: while calls are held for, for as long as they may be.

    Raises Unavailable or ConnectionError when PostgreSQL or NATS stay away.
    """
    db = await audit_store.open_books(database_url)
    try:
        began_at, waited_s, under_way = await _settle(db, nats_url, patience_s=patience_s, awaits_deadlines=awaits_deadlines, say=say)
        checks = await _ask_all(db, began_at)
        checks.append(await _deliveries(db, began_at))
        checks.append(await _recount(db))
        if journal is not None:
            wrong = await audit_journal.compare(db, journal)
            checks.append(Check("the client's journal says what the books say", len(journal), len(wrong), wrong[: audit_store.SHOWN]))
    finally:
        await db.close()
    return Report(waited_s=round(waited_s, 1), under_way=under_way, checks=checks)


async def _settle(
    db: Database, nats_url: str, *, patience_s: float, awaits_deadlines: bool, say: Say
) -> tuple[datetime, float, dict[str, int]]:
    """Waits until what had begun is over. When it began, how long it waited, and what was left."""
    loop = asyncio.get_running_loop()
    start_s = told_s = answered_s = loop.time()
    most_s = patience_s
    began_at: datetime | None = None
    first: dict[str, audit_bus.Standing] | None = None
    while True:
        held_for_s = 0.0
        asked, is_known = "PostgreSQL (DATABASE_URL)", began_at is not None
        try:
            async with db.unit_of_work(read_only=True) as tx:
                began_at = began_at or await audit_store.now(tx)
                left = await audit_store.under_way(tx, began_at=began_at)
                held_for_s = await audit_store.held_for_s(tx, began_at=began_at)
            asked, is_known = "NATS (NATS_URL)", first is not None
            present = await audit_bus.consumers(nats_url)
            first = first or present
            left |= audit_bus.left_of(first, present)
            answered_s = loop.time()
        except (Unavailable, ConnectionError) as error:
            silent_s = loop.time() - answered_s
            if silent_s >= (patience_s if is_known else min(patience_s, FIRST_ANSWER_S)):
                raise Unavailable(f"{asked} did not answer within {silent_s:.0f} s: {error}") from error
            left = {f"server that does not answer, {asked}": 1}
        waited_s = loop.time() - start_s
        if awaits_deadlines and audit_store.HELD in left:
            most_s = max(most_s, waited_s + held_for_s)
        if not left or waited_s >= most_s:
            if began_at is None:
                raise Unavailable("PostgreSQL did not answer.")
            return began_at, waited_s, left
        if loop.time() - told_s >= TELL_S:
            told_s = loop.time()
            say(f"waiting since {waited_s:.0f} s (at most {most_s:.0f} s) for {_in_words(left)}")
        await asyncio.sleep(LOOK_AGAIN_S)


async def _ask_all(db: Database, began_at: datetime) -> list[Check]:
    checks = []
    for question in audit_store.QUESTIONS:
        async with db.unit_of_work(read_only=True) as tx:
            looked_at, examples, wrong = await audit_store.ask(tx, question, began_at=began_at)
        checks.append(Check(question.name, looked_at, wrong, examples))
    return checks


async def _deliveries(db: Database, began_at: datetime) -> Check:
    due, missing = await missing_deliveries(db, began_at=began_at)
    return Check("every event of the last day reached the webhook endpoints that want it", due, len(missing), missing[: audit_store.SHOWN])


async def _recount(db: Database) -> Check:
    """Rollups, counted again from the raw rows of the newest days."""
    async with db.unit_of_work(read_only=True) as tx:
        days = await audit_store.counted_days(tx)
    name = f"rollups of the newest {RECOUNTED_DAYS} days are what their raw rows add up to"
    if days is None:
        return Check(name, 0)
    first, last = days
    first = max(first, last - timedelta(days=RECOUNTED_DAYS - 1))
    result = await recount_all(db, start=first, end=last + timedelta(days=1))
    wrong = [f"{one.key}: {one.figure} is {one.rollup}, raw rows give {one.recounted}" for one in result.differences]
    return Check(name, (last - first).days + 1, len(wrong), wrong[: audit_store.SHOWN])


def _table(report: Report) -> str:
    width = max(len(check.name) for check in report.checks)
    lines = []
    for check in report.checks:
        mark, more = ("✗", f"   {check.wrong} wrong") if check.wrong else ("✓", "")
        lines.append(f"{mark}  {check.name:<{width}}  {check.looked_at:>9}{more}")
        lines += [f"     {example}" for example in check.examples]
    if report.under_way:
        lines.append(f"✗  not over after {report.waited_s:.0f} s: {_in_words(report.under_way)}")
    lines.append("The books are right." if report.is_clean else "The books are not right.")
    return "\n".join(lines)


def _in_words(left: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in left.items())


def _patience_s() -> float:
    """Raises BadPatience."""
    given = os.environ.get("BURNISH_AUDIT_PATIENCE_S") or str(PATIENCE_S)
    try:
        patience_s = float(given)
    except ValueError:
        patience_s = math.nan
    if not (math.isfinite(patience_s) and patience_s >= 0):
        raise BadPatience(f"BURNISH_AUDIT_PATIENCE_S: {given!r} is no number of seconds")
    return patience_s


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
