"""The adapter for Daytona, against a stand-in that has the SDK's signatures (0.226.1) and runs what it is sent in a local Python.

The service itself was not called: there is no key and no network here.
"""

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from burnish_shared.sandbox import Failed, FailureKind, Limits, Refused, Value
from burnish_shared.sandbox.daytona_sandbox import DaytonaSandbox

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O3")]


@dataclass
class Response:
    exit_code: int
    result: str


@dataclass
class StandIn:
    """`create`, `process.code_run` and `delete` as the SDK has them; `fault` is raised by the one it names."""

    fault: tuple[str, Exception] | None = None
    result: str | None = None
    created: list[Any] = field(default_factory=list)
    deleted: list[Any] = field(default_factory=list)

    async def create(self, params: Any = None, *, timeout: float = 60, on_snapshot_create_logs: Any = None) -> Any:
        self._raise("create")
        self.created.append(params)
        return self

    @property
    def process(self) -> "StandIn":
        return self

    async def code_run(self, code: str, params: Any = None, timeout: int | None = None) -> Response:
        self._raise("code_run")
        if self.result is not None:
            return Response(0, self.result)
        made = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=timeout, check=False
        )
        return Response(made.returncode, made.stdout)

    async def delete(self, sandbox: Any, timeout: float = 60, wait: bool = False) -> None:
        self.deleted.append(sandbox)
        self._raise("delete")

    async def close(self) -> None: ...

    def _raise(self, where: str) -> None:
        if self.fault is not None and self.fault[0] == where:
            raise self.fault[1]


async def test_a_batch_shares_one_sandbox_which_is_deleted() -> None:
    client = StandIn()
    sandbox = DaytonaSandbox(client, parameters="those of create")
    results = await sandbox.run_many("import math\nprint('noise')\nmath.floor(10 / n)", [{"n": n} for n in (0, 3, 4)])
    assert results[1:] == [Value(3), Value(2)]
    assert isinstance(results[0], Failed) and "ZeroDivisionError" in results[0].message
    assert client.created == ["those of create"] and client.deleted == [client]


async def test_limits_and_results_are_as_everywhere() -> None:
    sandbox = DaytonaSandbox(StandIn(), parameters=None)

    async def kind(code: str) -> FailureKind:
        result = await sandbox.run(code, {}, limits=Limits(time_s=0.2))
        assert isinstance(result, Failed)
        return result.kind

    assert await kind("while True: pass") is FailureKind.TIME
    assert await kind("float('nan')") is FailureKind.ERROR
    assert await kind("object()") is FailureKind.ERROR
    assert await kind("'x' * 70000") is FailureKind.RESULT
    assert await kind("def f(): return f()\nf()") is FailureKind.DEPTH


async def test_mistakes_are_told_with_their_place_and_nothing_is_sent() -> None:
    client = StandIn()
    refused = await DaytonaSandbox(client, parameters=None).run("x = 1\nif x\n", {})
    assert isinstance(refused, Refused) and refused.line == 2
    assert not client.created


@pytest.mark.parametrize("where", ["create", "code_run"])
async def test_a_service_that_fails_is_unavailable_and_leaves_no_sandbox(where: str) -> None:
    client = StandIn(fault=(where, RuntimeError("key dtn_secret is wrong")))
    result = await DaytonaSandbox(client, parameters=None).run("1", {})
    assert result == Failed(FailureKind.UNAVAILABLE, "the sandbox service failed: RuntimeError")
    assert len(client.deleted) == len(client.created)


async def test_a_sandbox_that_cannot_be_deleted_costs_the_answer_nothing() -> None:
    client = StandIn(fault=("delete", RuntimeError("away")))
    assert await DaytonaSandbox(client, parameters=None).run("1 + 1", {}) == Value(2)


@pytest.mark.parametrize("text", ["", "burnish-result:{", "something else", "burnish-result:" + '{"value": 1}' * 2])
async def test_what_is_not_ours_is_no_answer(text: str) -> None:
    result = await DaytonaSandbox(StandIn(result=text), parameters=None).run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.CRASHED


async def test_without_the_sdk_it_says_so() -> None:
    with pytest.raises(ModuleNotFoundError, match="daytona"):
        DaytonaSandbox.connect()
