"""WebAssembly for those who bring it (opt-in: `pip install burnish[wasm]`), in worker processes that are killed when they overrun.

A module has no imports. It exports `memory`, `alloc(size: i32) -> i32` and `run(pointer: i32, length: i32) -> i64`: the inputs lie at the
pointer as JSON, and the answer is `pointer << 32 | length` of JSON in the same memory. Code is the module's bytes in base64.
"""

import json
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
    refusal_of,
    shortened,
)
from burnish_shared.sandbox.turns import run_each
from burnish_shared.sandbox.worker_process import Workers

WORKERS: Final = 2

MODULE_MOST_BYTES: Final = 1024 * 1024
"""In base64. Larger modules take too long to compile."""

COMPILE_S: Final = 2.0
"""What compiling may take beside the run's own time."""


class WasmSandbox:
    """Runs modules; a worker is started by the first run that needs it, and made anew after it was killed."""

    def __init__(self, *, workers: int = WORKERS) -> None:
        self._at_once = workers
        self._workers = Workers("burnish_shared.sandbox.wasm_worker", workers=workers)

    async def run(self, code: str, inputs: Mapping[str, Plain], *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Result:
        refused = refusal_of(inputs, limits)
        if refused is not None:
            return refused
        return await self._ask(code, dict(inputs), limits=limits, tenant=tenant, check_only=False)

    async def run_many(
        self, code: str, many: Sequence[Mapping[str, Plain]], *, limits: Limits = DEFAULT_LIMITS, tenant: str = ""
    ) -> list[Result]:
        return await run_each(lambda inputs: self.run(code, inputs, limits=limits, tenant=tenant), many, at_once=self._at_once)

    async def check(self, code: str, *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Refused | Failed | None:
        result = await self._ask(code, {}, limits=limits, tenant=tenant, check_only=True)
        match result:
            case Refused():
                return result
            case Failed(FailureKind.UNAVAILABLE):
                return result
            case Failed(_, message):
                return Refused(message)
            case Value():
                return None

    async def close(self) -> None:
        await self._workers.close()

    async def _ask(self, code: str, inputs: dict[str, Plain], *, limits: Limits, tenant: str, check_only: bool) -> Result:
        if len(code) > MODULE_MOST_BYTES:
            return Refused(f"the module is longer than {MODULE_MOST_BYTES} bytes")
        if not code.isascii():
            return Refused("the module must be given in base64")
        request = {
            "code": code,
            "inputs": inputs,
            "check_only": check_only,
            "limits": {"time_s": limits.time_s, "memory_bytes": limits.memory_bytes, "result_bytes": limits.result_bytes},
        }
        answer = await self._workers.ask(request, timeout_s=2 * limits.time_s + COMPILE_S, tenant=tenant)
        return answer if isinstance(answer, Failed) else _result(answer, limits)


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
