"""Keeps LiteLLM's process (`io/llm.py`): started by the first who needs it, a call or a key that was added (`warm_litellm.py`), started
again when it dies, ended with the executor."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import aiohttp
import structlog

from burnish_executor import metrics
from burnish_shared.errors import Unavailable
from burnish_shared.waiting import look_at_failure

MODULE: Final = "burnish_executor.io.llm"

READY_S: Final = 60.0
"""Longest wait for its start: 4 to 5 CPU-seconds of imports, on a busy machine far more."""

HEALTH_S: Final = 10.0
"""How often it is asked whether it lives, and how long it may take to say so. One that does not is ended, and started again on demand."""

REST_MOST_S: Final = 30.0
"""A process that dies at once is started again after 1, 2, 4 … seconds, at most this long."""

STOP_S: Final = 3.0

ENDING_S: Final = 0.25
"""So long the end of a process may be behind the end of its connections, before it is asked whether it takes calls."""

HANDED_DOWN: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
)
"""What it gets of our environment: no key of anybody's, no database, no proxy."""

OF_ITS_OWN: Final = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches prices from GitHub at its start
    "LITELLM_OFFLINE_MODE": "true",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_MODE": "PRODUCTION",  # else it reads a .env file from wherever it stands
    "LITELLM_LOG": "CRITICAL",
    "AWS_EC2_METADATA_DISABLED": "true",
}

log = structlog.get_logger("burnish.executor")


class NotThere(Unavailable):
    """LiteLLM's process cannot be had at the moment."""


@dataclass(slots=True)
class LiteLLMProcess:
    """The process, and a session to it. Needs a running event loop; `close` ends both."""

    egress_allow: str
    _process: asyncio.subprocess.Process | None = None
    _session: aiohttp.ClientSession | None = None
    _folder: Path | None = None
    _watching: "asyncio.Task[None] | None" = None
    _starting: "asyncio.Task[None] | None" = None
    _failures: int = 0
    _not_before: float = 0.0
    _set_aside: "set[asyncio.Task[None]]" = field(default_factory=set)

    @property
    def pid(self) -> int | None:
        """Of the process that runs; None while there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def session(self) -> aiohttp.ClientSession:
        """A session whose every request goes to the process. Starts it where it does not run. Raises NotThere."""
        if self.pid is None or self._session is None:
            await self._started()
        if self._session is None:
            raise NotThere("LiteLLM's process has just ended; try again.", retry_after_s=1)
        return self._session

    async def session_after(self, lost: aiohttp.ClientSession) -> aiohttp.ClientSession:
        """A session for a call that did not reach the process of `lost`. Raises NotThere.

        Its connections end before the process does, so it may still have to be waited for. One that takes calls gets this one again. One
        that lives and takes no connection will take none any more: another one is started beside it at once, and what it has begun goes on
        until it ends, or its watch ends it.
        """
        process = self._process
        if self._session is lost and process is not None and not await _ended(process, within_s=ENDING_S):
            takes_calls = await _takes_calls(lost)
            if takes_calls is None:
                raise NotThere("LiteLLM's process takes no calls; try again.", retry_after_s=1)
            if not takes_calls and self._session is lost:
                self._put_aside(process, lost)
        return await self.session()

    def _put_aside(self, process: asyncio.subprocess.Process, session: aiohttp.ClientSession) -> None:
        """Its watch goes on."""
        log.warning("litellm.takes_no_calls", pid=process.pid)
        aside = asyncio.create_task(_outlive(process, session, self._folder, self._watching))
        self._set_aside.add(aside)
        aside.add_done_callback(self._set_aside.discard)
        self._process, self._session, self._folder, self._watching = None, None, None, None

    async def close(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        for aside in list(self._set_aside):
            aside.cancel()
            await asyncio.wait([aside])
        await self._end()

    async def _started(self) -> None:
        """Whoever waits here shares one start, which is nobody's own: who has less time than it takes leaves it to those who come later.

        Not shield: from Python 3.14 on one that was left behind reports a start that failed as a fault of the event loop.
        """
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(look_at_failure)
        starting = self._starting
        await asyncio.wait([starting])
        if starting.cancelled():
            raise NotThere("LiteLLM's process was ended while it started.", retry_after_s=1)
        starting.result()

    async def _start(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._not_before:
            raise NotThere("LiteLLM's process does not start; the executor's log says why.", retry_after_s=self._not_before - now)
        if find_spec("litellm") is None:
            raise NotThere("This provider is called through LiteLLM, which is not installed here: install burnish[litellm].")
        await self._end()
        metrics.LITELLM_STARTS.inc()
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="burnish-llm-"))
            path = self._folder / "socket"
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", MODULE, str(path), env=self._environment(self._folder), cwd=self._folder,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            await self._until_ready(self._process)
        except BaseException as error:
            await self._end()
            if isinstance(error, OSError | NotThere):
                self._failures += 1
                self._not_before = asyncio.get_running_loop().time() + min(REST_MOST_S, 2.0 ** (self._failures - 1))
                log.error("litellm.not_started", reason=str(error), failures=self._failures)
                raise NotThere("LiteLLM's process does not start; the executor's log says why.", retry_after_s=1) from error
            raise
        self._failures = 0
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(path), limit=0), timeout=aiohttp.ClientTimeout(total=None), trust_env=False
        )
        self._watching = asyncio.create_task(self._watch(self._process, self._session))
        log.info("litellm.started", pid=self._process.pid)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        """Raises NotThere when it ends, or says nothing, before."""
        if process.stdout is None:
            raise RuntimeError("the process was started without a pipe")
        try:
            async with asyncio.timeout(READY_S):
                said = await process.stdout.readline()
        except TimeoutError:
            raise NotThere(f"It was not ready within {READY_S:g} s.") from None
        if said.strip() != b"ready":
            raise NotThere("It ended before it was ready.")

    async def _watch(self, process: asyncio.subprocess.Process, session: aiohttp.ClientSession) -> None:
        """Ends with the process, which it ends itself when it stands still."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEALTH_S):
                    await process.wait()
                log.warning("litellm.ended", pid=process.pid, status=process.returncode)
                return
            try:
                async with asyncio.timeout(HEALTH_S), session.get("http://litellm/healthz") as answer:
                    await answer.read()
            except (TimeoutError, aiohttp.ClientError, OSError):
                if process.returncode is None:
                    log.warning("litellm.stood_still", pid=process.pid)
                    process.kill()

    async def _end(self) -> None:
        """Ends the process if it runs, and takes away its socket."""
        process, session, folder = self._process, self._session, self._folder
        self._process, self._session, self._folder = None, None, None
        await _end(process, session, folder)

    def _environment(self, folder: Path) -> dict[str, str]:
        handed_down = {name: os.environ[name] for name in HANDED_DOWN if name in os.environ}
        return handed_down | OF_ITS_OWN | {"HOME": str(folder), "TMPDIR": str(folder), "BURNISH_EGRESS_ALLOW": self.egress_allow}


async def _ended(process: asyncio.subprocess.Process, *, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        return False
    return True


async def _takes_calls(session: aiohttp.ClientSession) -> bool | None:
    """None: it cannot be told, as where the process stands still."""
    try:
        async with asyncio.timeout(STOP_S - ENDING_S), session.get("http://litellm/healthz") as answer:
            await answer.read()
    except aiohttp.ClientConnectorError:
        return False
    except (TimeoutError, aiohttp.ClientError, OSError):
        return None
    return True


async def _outlive(
    process: asyncio.subprocess.Process, session: aiohttp.ClientSession, folder: Path | None, watching: "asyncio.Task[None] | None"
) -> None:
    """Until the process has ended; where this is cancelled, it is ended."""
    try:
        await process.wait()
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait([watching])
        await _end(process, session, folder)


async def _end(process: asyncio.subprocess.Process | None, session: aiohttp.ClientSession | None, folder: Path | None) -> None:
    if session is not None:
        await session.close()
    if process is not None and process.returncode is None:
        if process.stdin is not None:
            process.stdin.close()  # by which it knows that we are gone
        if not await _ended(process, within_s=STOP_S):
            process.kill()
            await process.wait()
    if folder is not None:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
