"""What every backend for Python must do, told as cases: PROMISES 4.6. Run against each of them by the tests beside this file."""

import pytest

from burnish_shared.sandbox import Failed, FailureKind, Limits, Refused, Sandbox, Value
from burnish_shared.sandbox.outcome import NESTING_MOST

TIGHT = Limits(time_s=0.3, memory_bytes=16 * 1024 * 1024)

LIMITS = {
    "time": ("while True: pass", FailureKind.TIME),
    "time, though it catches its end": ("while True:\n  try:\n    while True: pass\n  except BaseException: pass", FailureKind.TIME),
    "memory": ("'a' * 10 ** 9", FailureKind.MEMORY),
    "depth": ("def f(): return f()\nf()", FailureKind.DEPTH),
    "not a number": ("float('nan')", FailureKind.RESULT),
    "infinity inside": ("{'score': [1e999]}", FailureKind.RESULT),
    "a long answer": ("'x' * 70000", FailureKind.RESULT),
    "keys that are no text": ("{1: 2}", FailureKind.RESULT),
    "a set": ("{1, 2}", FailureKind.RESULT),
    "nested too deep": ("x = 1\n" + "x = [x]\n" * (NESTING_MOST + 1) + "x", FailureKind.RESULT),
    "a mistake": ("1 / 0", FailureKind.ERROR),
    "raises": ("raise ValueError('no')", FailureKind.ERROR),
}


async def has_the_value_of_its_last_expression(sandbox: Sandbox) -> None:
    code = "def near(a, b):\n    return abs(a - b) < 2\n{'score': 1 if near(inputs['n'], 4) else 0, 'all': [1, 2.5, None, True, 'é']}"
    assert await sandbox.run(code, {"inputs": {"n": 3}}) == Value({"score": 1, "all": [1, 2.5, None, True, "é"]})
    assert await sandbox.run("x = 1", {}) == Value(None)


async def keeps_runs_apart(sandbox: Sandbox) -> None:
    data = {"xs": [1, 2]}
    assert await sandbox.run("data['xs'].append(3)\nleft = 1\nlen(data['xs'])", {"data": data}) == Value(3)
    assert data == {"xs": [1, 2]}
    first, second = await sandbox.run_many("if n == 0:\n    left = 1\nleft", [{"n": 0}, {"n": 1}])
    assert first == Value(1) and isinstance(second, Failed)


async def ends_at_its_limits(sandbox: Sandbox, name: str) -> None:
    code, kind = LIMITS[name]
    result = await sandbox.run(code, {}, limits=TIGHT)
    assert isinstance(result, Failed) and result.kind is kind, result
    assert await sandbox.run("1 + 1", {}) == Value(2)


async def tells_mistakes_with_their_place(sandbox: Sandbox) -> None:
    assert await sandbox.check("x = 1\ny = 2\nx + y") is None
    unfinished = await sandbox.check("x = 1\nif x:\n    y =\n")
    assert isinstance(unfinished, Refused) and unfinished.line == 3
    failed = await sandbox.run("x = {}\nx['a']['b']", {})
    assert isinstance(failed, Failed) and failed.line == 2 and "KeyError" in failed.message
    assert await sandbox.check("while True: pass") is None, "only looked at, not run"
    assert isinstance(await sandbox.run("x = 1\nif x\n", {}), Refused)


async def refuses_before_it_runs(sandbox: Sandbox) -> None:
    assert await sandbox.run("1", {"x": "a" * 1_100_000}) == Refused("the inputs are longer than 1048576 bytes")
    assert await sandbox.run("1", {"x": float("nan")}) == Refused("the inputs are not plain finite data")
    assert isinstance(await sandbox.run("#" * 70_000, {}), Refused)
    assert isinstance(await sandbox.run("1\x00", {}), Refused)


async def answers_many_in_order(sandbox: Sandbox) -> None:
    results = await sandbox.run_many("10 / n", [{"n": n} for n in range(50)])
    assert isinstance(results[0], Failed)
    assert results[1:] == [Value(10 / n) for n in range(1, 50)]


async def runs_nothing_once_closed(sandbox: Sandbox) -> None:
    assert await sandbox.run("1", {}) == Value(1)
    await sandbox.close()
    await sandbox.close()
    result = await sandbox.run("1", {})
    assert isinstance(result, Failed) and result.kind is FailureKind.UNAVAILABLE


EVERY = [
    has_the_value_of_its_last_expression,
    keeps_runs_apart,
    tells_mistakes_with_their_place,
    refuses_before_it_runs,
    answers_many_in_order,
    runs_nothing_once_closed,
]
each_limit = pytest.mark.parametrize("name", LIMITS)
