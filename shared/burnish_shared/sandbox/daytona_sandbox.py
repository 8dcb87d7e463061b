"""Daytona as a backend: whole CPython with its packages, far away. Opt-in: `pip install daytona==0.226.1`, and DAYTONA_API_KEY.

Not run against the service by our tests: they run this adapter against a stand-in with the SDK's signatures. It is an external service with
its own prices; what the code is given leaves this installation. A sandbox without network lives for one call of ours, is labelled, stops by
itself within minutes, and is deleted at the end whatever happened.
"""

import asyncio
import base64
import contextlib
import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

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

LABEL: Final = {"burnish": "sandbox"}

LIFE_MINUTES: Final = 5
"""A sandbox that we could not delete stops and goes by itself after so long."""

CREATE_S: Final = 60.0
CALL_EXTRA_S: Final = 10.0
"""What the way to the service and back may take beside the run's own time."""

MARK: Final = "burnish-result:"

HARNESS: Final = """
import ast, base64, io, json, contextlib, resource, signal
_job = json.loads(base64.b64decode("{job}"))
resource.setrlimit(resource.RLIMIT_AS, (_job["memory_bytes"] + 512 * 1024 * 1024,) * 2)
def _one(inputs):
    tree = ast.parse(_job["code"])
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    names = dict(inputs)
    signal.setitimer(signal.ITIMER_REAL, _job["time_s"])
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(tree, "code", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "code", "eval"), names) if last else None
        return {{"value": value, "text": json.dumps(value, allow_nan=False)}}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
class _Late(Exception): pass
def _late(*_): raise _Late
signal.signal(signal.SIGALRM, _late)
for _inputs in _job["many"]:
    try:
        _said = {{"value": json.loads(_one(_inputs)["text"])}}
    except _Late:
        _said = {{"failed": ["time", "the time limit is reached"]}}
    except MemoryError:
        _said = {{"failed": ["memory", "the memory limit is reached"]}}
    except RecursionError:
        _said = {{"failed": ["depth", "the call stack is full"]}}
    except SyntaxError as error:
        _said = {{"refused": [error.msg, error.lineno, error.offset]}}
    except BaseException as error:
        _said = {{"failed": ["error", type(error).__name__ + ": " + str(error)[:300]]}}
    print("{mark}" + json.dumps(_said))
"""


class Process(Protocol):
    """Of the SDK's sandbox, what we use."""

    async def code_run(self, code: str, params: Any = None, timeout: Any = None) -> Any: ...


class Remote(Protocol):
    """A sandbox that the SDK made."""

    @property
    def process(self) -> Process: ...


class Client(Protocol):
    """Of `daytona.AsyncDaytona`, what we use."""

    async def create(self, params: Any = None, *, timeout: Any = 60) -> Any: ...

    async def delete(self, sandbox: Any, timeout: Any = 60) -> None: ...

    async def close(self) -> None: ...


class DaytonaSandbox:
    """One sandbox for each call of `run` or `run_many`, so that a batch of inputs shares one."""

    def __init__(self, client: Client, *, parameters: Any, at_once: int = 4) -> None:
        """`parameters`: those of the SDK's `create`; see `connect`."""
        self._client = client
        self._parameters = parameters
        self._turns = asyncio.Semaphore(at_once)

    @classmethod
    def connect(cls) -> "DaytonaSandbox":
        """A client from the environment (DAYTONA_API_KEY, DAYTONA_API_URL). Raises ModuleNotFoundError where the SDK is not installed."""
        import importlib

        sdk = importlib.import_module("daytona")
        parameters = sdk.CreateSandboxFromSnapshotParams(
            language="python", labels=LABEL, network_block_all=True, ephemeral=True,
            auto_stop_interval=LIFE_MINUTES, auto_delete_interval=0, env_vars={},
        )  # fmt: skip
        return cls(sdk.AsyncDaytona(), parameters=parameters)

    async def run(self, code: str, inputs: Mapping[str, Plain], *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Result:
        return (await self.run_many(code, [inputs], limits=limits, tenant=tenant))[0]

    async def run_many(
        self, code: str, many: Sequence[Mapping[str, Plain]], *, limits: Limits = DEFAULT_LIMITS, tenant: str = ""
    ) -> list[Result]:
        refused = await self.check(code, limits=limits)
        if refused is not None:
            return [refused] * len(many)
        job = {"code": code, "many": [dict(one) for one in many], "time_s": limits.time_s, "memory_bytes": limits.memory_bytes}
        try:
            text = json.dumps(job, allow_nan=False)
        except (ValueError, TypeError, RecursionError):
            return [Refused("the inputs are not plain finite data")] * len(many)
        if len(text) > limits.code_bytes + limits.inputs_bytes * len(many):
            return [Refused(f"the inputs are longer than {limits.inputs_bytes} bytes")] * len(many)
        program = HARNESS.format(job=base64.b64encode(text.encode()).decode(), mark=MARK)
        async with self._turns:
            said = await self._far_away(program, timeout_s=limits.time_s * len(many) + CALL_EXTRA_S)
        if isinstance(said, Failed):
            return [said] * len(many)
        results = [_result(one, limits) for one in said[: len(many)]]
        return results + [Failed(FailureKind.CRASHED, "the sandbox ended before this input")] * (len(many) - len(results))

    async def check(self, code: str, *, limits: Limits = DEFAULT_LIMITS, tenant: str = "") -> Refused | Failed | None:
        """Parsed here, by CPython's own parser; nothing is sent."""
        if len(code.encode("utf-8", "replace")) > limits.code_bytes:
            return Refused(f"the code is longer than {limits.code_bytes} bytes")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(code, "code", "exec", dont_inherit=True)
        except SyntaxError as error:
            return Refused(shortened(error.msg), error.lineno, error.offset)
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            return Refused(shortened(str(error) or "nested too deep"))
        return None

    async def close(self) -> None:
        await self._client.close()

    async def _far_away(self, program: str, *, timeout_s: float) -> list[dict[str, Any]] | Failed:
        """What the program printed behind our mark, line by line. Whatever the SDK raises is the service's failure, never the caller's."""
        remote: Remote | None = None
        try:
            async with asyncio.timeout(CREATE_S + timeout_s):
                remote = await self._client.create(self._parameters, timeout=CREATE_S)
                response = await remote.process.code_run(program, timeout=int(timeout_s) + 1)
        except TimeoutError:
            return Failed(FailureKind.TIME, "the sandbox did not answer in time")
        except Exception as error:  # the SDK has dozens of classes; what they have in common is that the service did not do it
            return Failed(FailureKind.UNAVAILABLE, shortened(f"the sandbox service failed: {type(error).__name__}"))
        finally:
            if remote is not None:
                await asyncio.shield(self._delete(remote))
        lines = [line.partition(MARK)[2] for line in str(response.result or "").splitlines() if line.startswith(MARK)]
        try:
            return [json.loads(line) for line in lines]
        except ValueError:
            return Failed(FailureKind.CRASHED, "the sandbox sent something else")

    async def _delete(self, remote: Remote) -> None:
        with contextlib.suppress(Exception):  # it stops and goes by itself after LIFE_MINUTES
            async with asyncio.timeout(CREATE_S):
                await self._client.delete(remote)


def _result(said: dict[str, Any], limits: Limits) -> Result:
    if "refused" in said:
        message, line, column = said["refused"]
        return Refused(shortened(str(message)), line, column)
    if "failed" in said:
        kind, message = said["failed"]
        return Failed(FailureKind(kind), shortened(str(message)))
    try:
        return Value(plain(said.get("value"), most_bytes=limits.result_bytes))
    except NotPlainError as error:
        return Failed(FailureKind.RESULT, shortened(str(error)))
