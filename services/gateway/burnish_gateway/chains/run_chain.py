"""Carry out a run: begin what is ready, wait for what ends, until the chain says that it is over (PRODUCT P8).

Each step is an execution like any other: resolved, rendered, routed, admitted and dispatched by the same code as `POST /v1/executions`, so
credit, budgets, rates, guardrails, cache and fallbacks hold for it. Its id is written before it is admitted. Whoever goes on after a crash
reads the step from the books, or takes it over under the next fence: a step is paid once, whoever dies when.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import structlog

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.chains import runs_store as store
from burnish_gateway.chains.announce import run_completed
from burnish_gateway.chains.run_step import StepRun
from burnish_gateway.chains.runs_store import Claim, ClaimLost
from burnish_gateway.chains.step_end import Ended, error_of, read_again
from burnish_gateway.chains.tell import Followers
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.answer import ExecutionFailed
from burnish_gateway.metrics import BACKGROUND_FAILED, CHAIN_RUNS
from burnish_shared.chains.form import BRANCHES_MOST, Chain
from burnish_shared.chains.read_form import read_chain
from burnish_shared.chains.walk import Finished, Ready, Result, advance
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.guarding.masks import blotted
from burnish_shared.guarding.spans import to_bytes, to_text
from burnish_shared.guarding.texts import each_text
from burnish_shared.hops import led_here_by

log = structlog.get_logger("burnish.gateway")

T = TypeVar("T")

AGAIN_S: Final = 0.25
"""Between tries while PostgreSQL is away."""

PATIENCE_S: Final = 60.0
"""So long after its deadline a run tries to write its end; then whoever holds the next lease does."""

Why = Literal["cancelled", "timeout"]

ENDS: Final[dict[Why, tuple[str, str, int]]] = {
    "cancelled": ("cancelled", "The run was cancelled.", 499),
    "timeout": ("deadline_passed", "The deadline of the run passed.", 504),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a run was asked with. In memory alone where the workspace keeps no text."""

    variables: Mapping[str, Any]
    metadata: Mapping[str, Any]


@dataclass(slots=True)
class ChainRun:
    """One claim of a run. `given`: where it began here. `finished`: how it ended, with its texts unmasked, for whoever waits.

    `keeps_text`: as far as is known; without it nobody else can go on.
    """

    claim: Claim
    gateway: Gateway
    principal: Principal | None = None
    given: Given | None = None
    finished: Finished | None = None
    why: Why | None = None
    is_let_go: bool = False
    keeps_text: bool = True
    followers: Followers = field(default_factory=Followers)
    _steps: dict[str, StepRun] = field(default_factory=dict)
    _tasks: "dict[str, asyncio.Task[Ended]]" = field(default_factory=dict)
    _results: dict[str, Result] = field(default_factory=dict)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _deadline_at: datetime | None = None

    async def carry_out(self) -> None:
        """From claim to end. Safe to begin again elsewhere at any point: what is done is done. Never raises for what fails a run."""
        try:
            await self._carry_out()
        except ClaimLost:
            log.info("chain_run.claim_lost", run_id=str(self.claim.run_id), fence=self.claim.fence)
        except Unavailable as error:
            log.warning("chain_run.put_off", run_id=str(self.claim.run_id), error=error.message)
        except Exception:
            BACKGROUND_FAILED.labels("chain_run").inc()
            log.exception("chain_run.failed", run_id=str(self.claim.run_id), workspace_id=str(self.claim.workspace_id))
            await self._give_up()
        finally:
            await self._let_go_of_steps()
            self.followers.close()

    def stop(self, why: Why) -> None:
        """Ends it: steps under way are cancelled, and paid for as far as they came."""
        self.why = self.why or why
        self._stopped.set()

    def let_go(self) -> None:
        """Another one goes on: nothing is written any more, and executions under way come to their end by themselves."""
        self.is_let_go = True
        self._stopped.set()

    async def _carry_out(self) -> None:
        row, content = await self._patiently(lambda tx: store.load(tx, self.claim))
        self._deadline_at, self.keeps_text = row["deadline_at"], row["keeps_text"]
        chain = read_chain(content)
        given = self.given or (None if row["variables"] is None else Given(row["variables"], row["metadata"]))
        if row["cancel_requested"]:
            self.stop("cancelled")
        with led_here_by(row["hops"]):
            finished = await self._until_finished(chain, row, given)
            if finished is not None:
                await self._finish(finished, row, given)

    async def _give_up(self) -> None:
        """What went wrong on our side would go wrong again elsewhere: it ends here."""
        await self._let_go_of_steps()
        finished = Finished("error", error=_error("internal_error", "Something went wrong on our side; it has been logged.", 500))
        with contextlib.suppress(ClaimLost, Unavailable):
            row, _ = await self._patiently(lambda tx: store.load(tx, self.claim))
            await self._finish(finished, row, self.given)

    async def _until_finished(self, chain: Chain, row: Any, given: Given | None) -> Finished | None:
        """None: it was let go."""
        begun_before = self.given is None or self.claim.fence > 1
        steps = await self._patiently(lambda tx: store.steps_of(tx, self.claim.workspace_id, self.claim.run_id)) if begun_before else ()
        for one in steps:
            if one["status"] is not None:
                self._results[one["step"]] = read_again(
                    status=one["status"], kept=one["result"], model=one["model"], error=one["error"]
                )  # fmt: skip
        if given is None:
            return Finished("error", error=INTERRUPTED)
        try:
            principal = self.principal or await self._principal(row)
        except BurnishError as error:
            return Finished("error", error=error_of(error))
        room = asyncio.Semaphore(BRANCHES_MOST)
        while True:
            state = advance(chain, given.variables, self._results)
            if isinstance(state, Finished):
                await self._drop(list(self._tasks))
                return state
            if self._left_s() <= 0:
                self.stop("timeout")
            wanted = {one.id for one in state.ready}
            await self._drop([one for one in self._tasks if one not in wanted])
            for ready in state.ready:
                if ready.id not in self._tasks and not self._stopped.is_set():
                    self._begin(ready, row, given, principal, room)
            await self._wait()
            if self.is_let_go:
                return None
            if self.why is not None:
                await self._drop(list(self._tasks))
                code, message, status = ENDS[self.why]
                return Finished(self.why, error=_error(code, message, status), others=state.others)
            self._take_ended()

    def _begin(self, ready: Ready, row: Any, given: Given, principal: Principal, room: asyncio.Semaphore) -> None:
        step = StepRun(
            ready, claim=self.claim, gateway=self.gateway, principal=principal, row=row, metadata=given.metadata,
            patiently=self._patiently, followers=self.followers, room=room,
        )  # fmt: skip
        self._steps[ready.id] = step
        self._tasks[ready.id] = asyncio.create_task(step.run())

    async def _wait(self) -> None:
        """Until a step has ended, or the run is to stop, or its deadline has passed."""
        stopping = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({stopping, *self._tasks.values()}, timeout=self._left_s(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if self._left_s() <= 0:
            self.stop("timeout")

    def _take_ended(self) -> None:
        """In the order of the books: whoever goes on after a crash reads it there, and must decide the same."""
        ended = {name: task.result() for name, task in self._tasks.items() if task.done()}
        for name in sorted(ended, key=lambda one: ended[one].at):
            self._results[name] = ended[name].result
            del self._tasks[name], self._steps[name]

    async def _drop(self, names: list[str]) -> None:
        """Cancels steps that are not wanted any more, and books what they came to."""
        tasks = {name: self._tasks.pop(name) for name in names}
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for name, task in tasks.items():
            step = self._steps.pop(name)
            if not task.cancelled() and (failure := task.exception()) is not None:
                raise failure
            ended = await step.end_early() if task.cancelled() else task.result()
            self._results[name] = ended.result

    async def _let_go_of_steps(self) -> None:
        for step in self._steps.values():
            step.let_go()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _finish(self, finished: Finished, row: Any, given: Given | None) -> None:
        self.finished = finished
        output, variables, metadata, error = await self._stored(finished, given)

        async def write(tx: Tx) -> None:
            ended = await store.finish(
                tx, self.claim, status=finished.status, output=output, variables=variables, metadata=metadata, error=error,
                step=finished.step, others={name: "cancelled" if one == "running" else one for name, one in finished.others.items()},
            )  # fmt: skip
            if row["background"]:
                await run_completed(tx, ended, now=self.gateway.clock.now())

        await self._patiently(write)
        self.gateway.relay.wake()
        CHAIN_RUNS.labels(finished.status).inc()

    async def _stored(self, finished: Finished, given: Given | None) -> tuple[Any, Any, dict[str, Any], dict[str, Any] | None]:
        """Output, variables, metadata and error as the workspace wants them kept: what it masks is masked."""
        workspace_id = self.claim.workspace_id

        async def look(_: Tx) -> Any:
            return (await self.gateway.rules.of(workspace_id)).stored

        finders = await self._patiently(look)

        def blot(text: str) -> str:
            return to_text(blotted(to_bytes(text), finders)) if finders else text

        variables, metadata = (given.variables, given.metadata) if given else (None, {})
        parts = (finished.output, variables, dict(metadata), finished.error)
        if not finders:
            return parts
        return tuple(await asyncio.to_thread(lambda: [each_text(one, blot) for one in parts]))

    async def _principal(self, row: Any) -> Principal:
        """Whoever began it, as far as paying for it goes. Raises NotFound where the workspace is gone."""
        workspace = await self.gateway.authenticator.workspaces.get(self.claim.workspace_id)
        return Principal(
            workspace, Role.VIEWER, api_key_id=row["api_key_id"], user_id=row["user_id"], first_key_id=row["first_key_id"]
        )  # fmt: skip

    async def _patiently(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """One unit of work, tried again while PostgreSQL is away. Raises Unavailable when that takes too long, ClaimLost."""
        while True:
            try:
                async with self.gateway.db.unit_of_work(workspace=self.claim.workspace_id) as tx:
                    return await work(tx)
            except Unavailable:
                if self.is_let_go or self._left_s() < -PATIENCE_S:
                    raise
            await asyncio.sleep(AGAIN_S)

    def _left_s(self) -> float:
        if self._deadline_at is None:
            return 0.0
        return (self._deadline_at - self.gateway.clock.now()).total_seconds()


def failed(error: Mapping[str, Any] | None, *, details: dict[str, Any]) -> BurnishError:
    """The error that a run without success stands for."""
    told = error or {}
    return ExecutionFailed(
        told.get("message") or "The run failed.", type=told.get("type") or "chain_error", code=told.get("code") or "failed",
        status=told.get("http_status") or 502, retryable=bool(told.get("retryable")), details=details,
    )  # fmt: skip


def _error(code: str, message: str, http_status: int) -> dict[str, Any]:
    return {"type": "chain_error", "code": code, "message": message, "http_status": http_status, "retryable": code != "cancelled"}


INTERRUPTED: Final = _error("interrupted", "It broke off, and nothing of it is kept to go on with.", 503)
