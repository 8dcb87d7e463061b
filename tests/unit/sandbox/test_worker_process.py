"""Worker processes: what a late start says of what it is asked, and what a slow answer says."""

import pytest

from burnish_shared.sandbox import worker_process
from burnish_shared.sandbox.outcome import Failed, FailureKind
from burnish_shared.sandbox.worker_process import WorkerProcess

DECLARED = "burnish_shared.evaluators.declared_worker"
SILENT = "this"
"""A module that says something else than that it is ready, and ends."""


async def asked(worker: WorkerProcess, *, timeout_s: float) -> object:
    try:
        return await worker.ask(b'{"settings": "{}", "case": null}', timeout_s=timeout_s)
    finally:
        await worker.kill()


async def test_a_worker_that_is_not_ready_in_time_says_nothing_of_what_it_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "STARTING_S", 0.0)
    late = await asked(WorkerProcess(DECLARED), timeout_s=10)
    assert isinstance(late, Failed) and late.kind is FailureKind.UNAVAILABLE, late


async def test_the_time_of_an_answer_runs_from_when_the_worker_is_ready() -> None:
    slow = await asked(WorkerProcess(DECLARED), timeout_s=0.0)
    assert isinstance(slow, Failed) and slow.kind is FailureKind.TIME, slow
    assert isinstance(await asked(WorkerProcess(DECLARED), timeout_s=30), dict)


async def test_a_process_that_ends_before_it_is_ready_says_nothing_of_what_it_was_asked_either() -> None:
    none = await asked(WorkerProcess(SILENT), timeout_s=30)
    assert isinstance(none, Failed) and none.kind is FailureKind.UNAVAILABLE, none
