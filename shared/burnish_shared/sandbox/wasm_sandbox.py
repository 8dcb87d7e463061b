"""WebAssembly for those who bring it (opt-in: `pip install burnish[wasm]`), in worker processes that are killed when they overrun.

A module has no imports. It exports `memory`, `alloc(size: i32) -> i32` and `run(pointer: i32, length: i32) -> i64`: the inputs lie at the
pointer as JSON, and the answer is `pointer << 32 | length` of JSON in the same memory. Code is the module's bytes in base64.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

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
    shortened,
)
from burnish_shared.sandbox.turns import BUSY, Turns
from burnish_shared.sandbox.wasm_wire import LENGTH

WORKERS: Final = 2

MODULE_MOST_BYTES: Final = 1024 * 1024
"""In base64. Larger modules take too long to compile."""

COMPILE_S: Final = 2.0
"""What compiling may take beside the run's own time."""

STARTING_S: Final = 5.0
"""What a fresh worker may take before it answers for the first time."""

ANSWER_MOST_BYTES: Final = 16 * 1024 * 1024


class WasmSandbox:
    """Runs modules; a worker is started by the first run that needs it, and made anew after it was killed."""

    def __init__(self, *, workers: int = WORKERS) -> None:
        self._workers = workers
        self._turns = Turns(workers)
        self._idle: list[_Worker] = []
        self._is_closed = False

    async def run(self, code: str, inputs: Mapping[str, Plain], *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Result:
        try:
            inputs_bytes = len(json.dumps(inputs, allow_nan=False))
        except (ValueError, TypeError, RecursionError):
            return Refused("the inputs are not plain finite data")
        if inputs_bytes > limits.inputs_bytes:
            return Refused(f"the inputs are longer than {limits.inputs_bytes} bytes")
        return await self._ask(code, dict(inputs), limits=limits, tenant=tenant, check_only=False)

    async def run_many(
        self, code: str, many: Sequence[Mapping[str, Plain]], *, limits: Limits = DEFAULT_LIMITS, tenant: str = ""
    ) -> list[Result]:
        made: list[Result] = [Failed(FailureKind.UNAVAILABLE, "not run")] * len(many)
        left = iter(range(len(many)))

        async def take() -> None:
            for index in left:
                made[index] = await self.run(code, many[index], limits=limits, tenant=tenant)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._workers, len(many))):
                group.create_task(take())
        return made

    async def check(self, code: str, *, limits: Limits = DEFAULT_LIMITS) -> Refused | None:
        result = await self._ask(code, {}, limits=limits, tenant="", check_only=True)
        match result:
            case Refused():
                return result
            case Failed(_, message):
                return Refused(message)
            case Value():
                return None

    async def close(self) -> None:
        self._is_closed = True
        while self._idle:
            await self._idle.pop().kill()

    async def _ask(self, code: str, inputs: dict[str, Plain], *, limits: Limits, tenant: str, check_only: bool) -> Result:
        if len(code) > MODULE_MOST_BYTES:
            return Refused(f"the module is longer than {MODULE_MOST_BYTES} bytes")
        if not code.isascii():
            return Refused("the module must be given in base64")
        request = json.dumps(
            {
                "code": code,
                "inputs": inputs,
                "check_only": check_only,
                "limits": {"time_s": limits.time_s, "memory_bytes": limits.memory_bytes, "result_bytes": limits.result_bytes},
            }
        ).encode()
        async with self._turns.turn(tenant) as got:
            if not got or self._is_closed:
                return BUSY
            worker = self._idle.pop() if self._idle else _Worker()
            try:
                answer = await worker.ask(request, timeout_s=2 * limits.time_s + COMPILE_S)
            finally:
                if worker.is_alive and not self._is_closed:
                    self._idle.append(worker)
        return answer if isinstance(answer, Failed) else _result(answer, limits)


class _Worker:
    """One process. It answers one request at a time; when it does not, it is killed."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def ask(self, request: bytes, *, timeout_s: float) -> dict[str, Any] | Failed:
        if not self.is_alive:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-m", "burnish_shared.sandbox.wasm_worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={}, cwd="/",
            )  # fmt: skip
            timeout_s += STARTING_S
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(request)
        except TimeoutError:
            await self.kill()
            return Failed(FailureKind.TIME, "the worker was stopped")
        except (OSError, EOFError, ValueError):
            await self.kill()
            return Failed(FailureKind.CRASHED, "the worker ended unexpectedly")
        except asyncio.CancelledError:
            await asyncio.shield(self.kill())
            raise

    async def _exchange(self, request: bytes) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EOFError
        process.stdin.write(LENGTH.pack(len(request)) + request)
        await process.stdin.drain()
        length = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))[0]
        if length > ANSWER_MOST_BYTES:
            raise ValueError("an answer beyond all limits")
        answer: dict[str, Any] = json.loads(await process.stdout.readexactly(length))
        return answer

    async def kill(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def _result(answer: dict[str, Any], limits: Limits) -> Result:
    if "refused" in answer:
        return Refused(shortened(str(answer["refused"])))
    if "failed" in answer:
        kind, message = answer["failed"]
        return Failed(FailureKind(kind), shortened(str(message)))
    if answer["value"] is None:
        return Value(None)
    try:
        return Value(plain(json.loads(answer["value"]), most_bytes=limits.result_bytes))
    except (NotPlainError, ValueError, RecursionError) as error:
        return Failed(FailureKind.RESULT, shortened(str(error)))
