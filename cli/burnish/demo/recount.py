"""Counts the measurement on the test split once more, from the executions that are stored under the job, and by nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from burnish.demo.api import Api, in_parallel
from burnish.demo.failure import DemoFailed
from burnish.demo.tickets import VARIABLE, TicketSet

SPARE_ROWS: Final = 40
"""A call that had to be made twice has two rows; so many more than needed are looked at."""

ENDED_PATIENCE_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Both answers to one test ticket."""

    expected: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def was_right(self) -> bool:
        return _is_right(self.before, self.expected)

    @property
    def is_right(self) -> bool:
        return _is_right(self.after, self.expected)


@dataclass(frozen=True, slots=True)
class Recount:
    """What the stored executions say."""

    pairs: tuple[Pair, ...]
    labels: frozenset[str]

    @property
    def before(self) -> int:
        return sum(pair.was_right for pair in self.pairs)

    @property
    def after(self) -> int:
        return sum(pair.is_right for pair in self.pairs)

    @property
    def fixed(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.is_right and not pair.was_right]

    @property
    def broken(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.was_right and not pair.is_right]

    @property
    def chatter_before(self) -> int:
        return sum(self._is_chatter(pair.before) for pair in self.pairs)

    @property
    def chatter_after(self) -> int:
        return sum(self._is_chatter(pair.after) for pair in self.pairs)

    @property
    def fixed_by_form(self) -> int:
        """Tickets won whose old answer was no label at all: what a line about the form of the answer can win."""
        return sum(self._is_chatter(pair.before) for pair in self.fixed)

    def as_json(self) -> dict[str, Any]:
        return {
            "executions": 2 * len(self.pairs),
            "n": len(self.pairs),
            "correct_before": self.before,
            "correct_after": self.after,
            "fixed": len(self.fixed),
            "broken": len(self.broken),
            "no_label_before": self.chatter_before,
            "no_label_after": self.chatter_after,
            "fixed_that_had_no_label": self.fixed_by_form,
        }

    def _is_chatter(self, execution: Mapping[str, Any]) -> bool:
        return (execution["output"] or "").strip() not in self.labels


async def recount(api: Api, job: Mapping[str, Any], tickets: TicketSet) -> Recount:
    """Reads the newest executions of the job, which are those of its last step, the measurement.

    Raises DemoFailed when a test ticket lacks an answer, or when the job's own figures are others.
    """
    n = job["test"]["n"]
    expected = {ticket.text: ticket.expected for ticket in tickets.of_split("test")}
    rows = await api.pages("/v1/executions", most=2 * n + SPARE_ROWS, job_id=job["id"])

    async def read(row: Mapping[str, Any]) -> Mapping[str, Any]:
        path = f"/v1/executions/{row['id']}"
        what = f"execution {row['id']} to be recorded"
        return await api.until(path, lambda one: one if "output" in one else None, what=what, patience_s=ENDED_PATIENCE_S)

    found: dict[str, dict[str, Mapping[str, Any]]] = {text: {} for text in expected}
    for execution in await in_parallel(read, [row for row in rows if row["status"] == "success"]):
        text = execution["variables"].get(VARIABLE)
        if text in found:
            found[text].setdefault("before" if execution["version"] == job["base_version"] else "after", execution)
    pairs = tuple(Pair(expected[text], **arms) for text, arms in found.items() if len(arms) == 2)
    counted = Recount(pairs, frozenset(tickets.labels))
    _compare(counted, job["test"])
    return counted


def _compare(counted: Recount, told: Mapping[str, Any]) -> None:
    ours = (len(counted.pairs), len(counted.fixed), len(counted.broken), round(counted.before / max(1, len(counted.pairs)), 6))
    theirs = (told["n"], told["fixed"], told["broken"], told["baseline"])
    if ours != theirs:
        raise DemoFailed(f"The stored executions and the job disagree about the test split: {ours} against {theirs}.")


def _is_right(execution: Mapping[str, Any], expected: str) -> bool:
    return (execution["output"] or "").strip() == expected.strip()
