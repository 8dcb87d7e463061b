"""A worker process that answers one request at a time, and is killed when it does not.

Messages go over its standard input and output: four bytes of length, big-endian, and JSON. It starts with an empty environment, and says
that it is ready by an empty message.
"""

import asyncio
import contextlib
import json
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.sandbox.outcome import Failed, FailureKind
from burnish_shared.sandbox.turns import BUSY, WAIT_S, Turns

LENGTH: Final = struct.Struct(">I")

STARTING_S: Final = 10.0
"""What a fresh worker may take before it is ready. On a machine that is busy that is seconds, and says nothing of what it is asked."""

NOT_READY: Final = Failed(FailureKind.UNAVAILABLE, "no worker could be started; try again")

ANSWER_MOST_BYTES: Final = 16 * 1024 * 1024


@dataclass(slots=True)
class Watch:
    """How long workers were at requests: without the wait for a turn, and without the start of a process."""

    took_s: float = 0.0


class WorkerProcess:
    """Runs `python -I -m MODULE`. Started by the first request, and anew after it was killed."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def ask(self, request: bytes, *, timeout_s: float, watch: Watch | None = None) -> dict[str, Any] | Failed:
        """What it answers; Failed, and the process gone, when it takes longer or ends. `timeout_s` runs from when it is ready, and so does
        `watch`.
        """
        try:
            if not self.is_alive and not await self._is_ready():
                await self.kill()
                return NOT_READY
            began_s = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._exchange(request)
            finally:
                if watch is not None:
                    watch.took_s += asyncio.get_running_loop().time() - began_s
        except TimeoutError:
            await self.kill()
            return Failed(FailureKind.TIME, "the worker was stopped")
        except (OSError, EOFError, ValueError):
            await self.kill()
            return Failed(FailureKind.CRASHED, "the worker ended unexpectedly")
        except asyncio.CancelledError:
            await asyncio.shield(self.kill())
            raise

    async def _is_ready(self) -> bool:
        """Starts it. False where this machine cannot, or not in time."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-m", self._module,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env={}, cwd="/",
            )  # fmt: skip
            async with asyncio.timeout(STARTING_S):
                return await self._read() == b""
        except (OSError, EOFError, ValueError):  # A TimeoutError is an OSError.
            return False

    async def _exchange(self, request: bytes) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdin is None:
            raise EOFError
        process.stdin.write(LENGTH.pack(len(request)) + request)
        await process.stdin.drain()
        answer: dict[str, Any] = json.loads(await self._read())
        return answer

    async def _read(self) -> bytes:
        """The next message, which may be empty."""
        if self._process is None or self._process.stdout is None:
            raise EOFError
        length = LENGTH.unpack(await self._process.stdout.readexactly(LENGTH.size))[0]
        if length > ANSWER_MOST_BYTES:
            raise ValueError("an answer beyond all limits")
        return await self._process.stdout.readexactly(length)

    async def kill(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class Workers:
    """A few such processes, and whose turn it is at them."""

    def __init__(self, module: str, *, workers: int, wait_s: float = WAIT_S) -> None:
        """`wait_s`: how long a request waits for its turn."""
        self._module = module
        self._turns = Turns(workers, wait_s=wait_s)
        self._idle: list[WorkerProcess] = []
        self._is_closed = False

    async def ask(
        self, request: dict[str, Any], *, timeout_s: float, tenant: str, watch: Watch | None = None
    ) -> dict[str, Any] | Failed:  # fmt: skip
        """The answer of one of them. `watch`: is told how long it took."""
        async with self._turns.turn(tenant) as got:
            if not got or self._is_closed:
                return BUSY
            worker = self._idle.pop() if self._idle else WorkerProcess(self._module)
            try:
                return await worker.ask(json.dumps(request).encode(), timeout_s=timeout_s, watch=watch)
            finally:
                if worker.is_alive and not self._is_closed:
                    self._idle.append(worker)
                elif worker.is_alive:
                    await worker.kill()

    async def close(self) -> None:
        self._is_closed = True
        while self._idle:
            await self._idle.pop().kill()


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The other end: says that it is ready, and answers requests from standard input until it ends."""
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    outgoing.write(LENGTH.pack(0))
    outgoing.flush()
    while len(head := incoming.read(LENGTH.size)) == LENGTH.size:
        said = json.dumps(answer(json.loads(incoming.read(LENGTH.unpack(head)[0])))).encode()
        outgoing.write(LENGTH.pack(len(said)) + said)
        outgoing.flush()
