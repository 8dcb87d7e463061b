"""Warm calls of the sandbox, expressions and declarative evaluators, on one core: milliseconds each, and how many a second."""

import asyncio
import json
import os
import platform
import time
from collections.abc import Awaitable, Callable

from pydantic import TypeAdapter

from burnish_shared.contracts.evaluators import EvaluatorSettings
from burnish_shared.evaluators import Case, Grounds, build
from burnish_shared.sandbox import Value

CALLS = 2_000

VALIDATOR = """
words = output.split()
problems = []
if len(words) > 60:
    problems.append('too long')
if expected is not None and expected.lower() not in output.lower():
    problems.append('the expected words are missing')
{'score': 0 if problems else 1, 'reason': '; '.join(problems) or 'good'}
"""

CASE = Case(output="Please tell us the number of your order, and we will look at it today.", expected="order", variables={"n": 3})

EVALUATORS = {
    "code": {"kind": "code", "code": VALIDATOR},
    "expression": {"kind": "expression", "expression": 'len(output) < 400 and "order" in lower(output) and variables.n >= 2'},
    "regex": {"kind": "regex", "pattern": r"\b(order|invoice)\b"},
    "json_schema": {"kind": "json_schema", "schema": {"type": "object"}},
    "similarity": {"kind": "similarity"},
}


async def seconds_each(call: Callable[[], Awaitable[object]]) -> float:
    """One after the other, warm."""
    await call()
    began = time.perf_counter()
    for _ in range(CALLS):
        await call()
    return (time.perf_counter() - began) / CALLS


async def main() -> None:
    """Prints one JSON object."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for us and for the worker
    adapter: TypeAdapter[EvaluatorSettings] = TypeAdapter(EvaluatorSettings)
    grounds = Grounds.open(workers=1)
    sandbox = grounds.sandboxes["python"]
    made = {name: await build(adapter.validate_python(settings), grounds=grounds, tenant="") for name, settings in EVALUATORS.items()}
    figures = {}
    for name, evaluator in made.items():
        each_s = await seconds_each(lambda evaluator=evaluator: evaluator(CASE))
        figures[name] = {"ms": round(each_s * 1000, 4), "per_second": round(1 / each_s)}
    bare_s = await seconds_each(lambda: sandbox.run("1 + 1", {}))
    assert await sandbox.run("1 + 1", {}) == Value(2)
    figures["bare call"] = {"ms": round(bare_s * 1000, 4), "per_second": round(1 / bare_s)}
    await grounds.close()
    print(json.dumps({"machine": platform.platform(), "cores": 1, "calls": CALLS, "figures": figures}, indent=1))


if __name__ == "__main__":
    asyncio.run(main())
