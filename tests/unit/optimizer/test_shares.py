"""A job that makes a text for each of several models shares its budget between their searches."""

from types import SimpleNamespace
from typing import Any

import pytest

from burnish_optimizer import run_job
from burnish_optimizer.search import Budget

pytestmark = pytest.mark.capability("O2")


async def test_what_one_search_keeps_back_to_measure_is_not_for_the_next_one_to_spend(monkeypatch: pytest.MonkeyPatch) -> None:
    job: Any = SimpleNamespace(budget_evaluations=2_000, budget_nusd=1_000, seed=1)
    loaded: Any = SimpleNamespace(job=job, test=SimpleNamespace(items=50), method=None)
    work: Any = SimpleNamespace(spent_nusd=0, evaluate=None, propose=None, report=None, so_far=None)
    given: list[Budget] = []

    async def search(task: Any, *, budget: Budget, **_: Any) -> None:
        given.append(budget)
        work.spent_nusd += 300

    monkeypatch.setattr(run_job, "optimize", search)
    monkeypatch.setattr(run_job, "task_of", lambda *_: None)
    for _ in range(2):
        await run_job._search(work, loaded, shares=2)
    assert [(one.evaluations, one.nusd) for one in given] == [(1_000, 500), (1_000, 500)]
    assert all(one.reserved_evaluations == 100 for one in given)
