"""The default backend: a subset of Python, interpreted by Monty in worker processes that are killed when they overrun (PROMISES section 6).

Monty (https://github.com/pydantic/monty) is an interpreter in Rust without file, network or environment access. Its pool starts workers
with an empty environment, gives each run a session of its own, and kills a worker that goes on after the interpreter should have stopped.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_monty import (
    Monty,
    MontyConversionError,
    MontyCrashedError,
    MontyRuntimeError,
    MontySyntaxError,
    OSPolicy,
    ResourceLimits,
)

from burnish_shared.sandbox.outcome import (
    DEFAULT_LIMITS,
    Failed,
    FailureKind,
    Limits,
    NotPlainError,
    Plain,
    Refused,
    Result,
    Value,
    plain,
    refusal_of,
    shortened,
)
from burnish_shared.sandbox.turns import BUSY, Turns, run_each

WORKERS: Final = 4

RUNS_OF_A_WORKER: Final = 1_000
"""A worker is replaced after so many runs: what one of them might have spoilt does not last."""

HARD_STOP_S: Final = 1.0
"""How long after its time limit a worker that does not stop by itself is killed: with the default limits at twice the time, twice."""

POLICY: Final[OSPolicy] = {
    "datetime": datetime(2000, 1, 1, tzinfo=UTC),
    "timezone": "utc",
    "sleep": "zero",
    "process_time": "zero",
    "random_start": {"seed": 0},
}
"""A run sees no clock and no dice: the same code with the same inputs says the same, on every machine."""

ANSWER_MOST_S: Final = 20.0
"""A worker that has not answered by then is killed, also where it was not running anything. Far above every limit of time in use."""

STOPPED: Final = Failed(FailureKind.TIME, "the worker was stopped")
"""By us, because the interpreter did not stop by itself. Seldom the code's doing: where the machine stood still for two seconds, no
worker got as far as to look at its clock. So such a run is begun once more, with another worker; code that does it again has no value."""

STOP_FIRST: Final = "raise SystemExit\n"
"""Put before code that is only looked at: all of it is parsed, and none of it runs."""

KINDS: Final = {
    "TimeoutError": FailureKind.TIME,
    "MemoryError": FailureKind.MEMORY,
    "RecursionError": FailureKind.DEPTH,
}


class PythonSandbox:
    """Runs Python snippets; the value is that of the last expression. The pool is started by the first run."""

    def __init__(self, *, workers: int = WORKERS) -> None:
        self._workers = workers
        self._turns = Turns(workers)
        self._pool: Monty | None = None
        self._exit = contextlib.ExitStack()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="sandbox")
        self._starting = asyncio.Lock()
        self._is_closed = False

    async def run(self, code: str, inputs: Mapping[str, Plain], *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Result:
        refused = _too_long(code, inputs, limits)
        if refused is not None:
            return refused
        return await self._in_turn(code, dict(inputs), limits=limits, tenant=tenant)

    async def run_many(
        self, code: str, many: Sequence[Mapping[str, Plain]], *, limits: Limits = DEFAULT_LIMITS, tenant: str = ""
    ) -> list[Result]:
        return await run_each(lambda inputs: self.run(code, inputs, limits=limits, tenant=tenant), many, at_once=self._workers)

    async def check(self, code: str, *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Refused | Failed | None:
        refused = _too_long(code, {}, limits)
        if refused is not None:
            return refused
        result = await self._in_turn(STOP_FIRST + code, {}, limits=limits, tenant=tenant)
        match result:
            case Refused(message, line, column):
                return Refused(message, line - 1 if line else None, column)
            case Failed(FailureKind.ERROR, "SystemExit"):
                return None
            case Failed(FailureKind.UNAVAILABLE):
                return result
            case Failed(_, message):
                return Refused(message)
            case Value():
                raise AssertionError("the sandbox passed over a raise")

    async def close(self) -> None:
        self._is_closed = True
        async with self._starting:
            await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
            await asyncio.to_thread(self._exit.close)
            self._pool = None

    async def _in_turn(self, code: str, inputs: dict[str, Plain], *, limits: Limits, tenant: str) -> Result:
        async with self._turns.turn(tenant) as got:
            if not got or self._is_closed:
                return BUSY
            pool = await self._started()
            running = asyncio.get_running_loop().run_in_executor(self._threads, _run, pool, code, inputs, limits)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait({running})  # The thread ends within the limits; its worker is nobody else's until then.
                raise

    async def _started(self) -> Monty:
        async with self._starting:
            if self._pool is None:
                pool = Monty(
                    min_processes=1,
                    max_processes=self._workers,
                    max_checkouts_per_worker=RUNS_OF_A_WORKER,
                    request_timeout=ANSWER_MOST_S,
                    feed_duration_limit_grace=HARD_STOP_S,
                    turn_duration_limit_grace=HARD_STOP_S,
                )
                self._pool = await asyncio.to_thread(self._exit.enter_context, pool)
            return self._pool


def _run(pool: Monty, code: str, inputs: dict[str, Any], limits: Limits) -> Result:
    """One run in one session, in a thread of ours; a second where a worker had to be stopped."""
    began_at = time.monotonic()
    result = _run_once(pool, code, inputs, limits)
    is_silent = time.monotonic() - began_at >= ANSWER_MOST_S
    return _run_once(pool, code, inputs, limits) if result is STOPPED and not is_silent else result


def _run_once(pool: Monty, code: str, inputs: dict[str, Any], limits: Limits) -> Result:
    bounds: ResourceLimits = {
        "max_feed_duration_secs": limits.time_s,
        "max_memory": limits.memory_bytes,
        "max_recursion_depth": limits.depth,
        "max_suspensions": 1,
    }
    try:
        with pool.checkout(limits=bounds, os_policy=POLICY, script_name="code") as session:
            value = session.feed_run(code, inputs=inputs, print_callback=_drop)
        return Value(plain(value, most_bytes=limits.result_bytes))
    except MontySyntaxError as error:
        return Refused(shortened(str(error)), *_place(error))
    except MontyRuntimeError as error:
        return _failed(error)
    except MontyCrashedError as error:
        return STOPPED if error.timed_out else Failed(FailureKind.CRASHED, "the worker ended unexpectedly")
    except (NotPlainError, MontyConversionError, ValueError, TypeError) as error:
        return Failed(FailureKind.RESULT, shortened(str(error)))


def _failed(error: MontyRuntimeError) -> Result:
    name, _, rest = error.display("type-msg").partition(":")
    line, column = _place(error)
    if name == "NotImplementedError" and "syntax parser" in rest:
        return Refused(shortened(rest.replace("The monty syntax parser", "the sandbox")), line, column)
    return Failed(KINDS.get(name, FailureKind.ERROR), shortened(error.display("type-msg")), line, column)


def _place(error: MontySyntaxError | MontyRuntimeError) -> tuple[int | None, int | None]:
    """Where in the caller's code: the innermost frame of it."""
    frames = error.traceback()
    return (frames[-1].line, frames[-1].column) if frames else (None, None)


def _too_long(code: str, inputs: Mapping[str, Plain], limits: Limits) -> Refused | None:
    if len(code.encode("utf-8", "replace")) > limits.code_bytes:
        return Refused(f"the code is longer than {limits.code_bytes} bytes")
    if "\x00" in code:
        return Refused("the code holds U+0000")
    return refusal_of(inputs, limits)


def _drop(_stream: str, _text: str) -> None:
    """What code prints goes nowhere."""
