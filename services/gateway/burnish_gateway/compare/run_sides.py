"""Runs several executions side by side: held for all or none, told together, each with a record and a bill of its own (PRODUCT E16)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import store
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.client_request import all_known
from burnish_gateway.execution.dispatch import Dispatch
from burnish_gateway.execution.limits_of import Together, tokens_of
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.replay import replay
from burnish_gateway.execution.request_bytes import unstamped
from burnish_gateway.execution.submit import Admitted, MadeRequest, Repeated, admit, make_request
from burnish_gateway.execution.told import Delta, Done, Text, Told
from burnish_gateway.wire import error_response
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, InvalidField, PayloadTooLarge, Unavailable

log = structlog.get_logger("burnish.gateway")

ROUTE: Final = "executions.compare"

SIDES_MOST_BYTES: Final = 32 * 1024 * 1024
"""Of the rendered requests of all sides, which are in memory at once: four of the longest calls."""

WAITING_MOST: Final = 64
"""Events that wait for a slow reader, of all sides together; then the sides wait too."""

ASKED_AT_ONCE: Final = 4
"""Repeated sides of one call that are asked about at a time, each some times a second: they run beside each other in any case."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one side ended: an Outcome as JSON, or the error where there is none. `gap`: deltas of it may not have been told."""

    body: bytes | None
    error: BurnishError | None = None
    gap: bool = False

    @property
    def succeeded(self) -> bool:
        return self.body is not None and succeeded(self.body)


Side = Admitted | Repeated
Event = tuple[int, Told | Ended]


async def admit_sides(
    orders: Sequence[Order],
    *,
    gateway: Gateway,
    principal: Principal,
    request_id: str,
    traceparent: str | None,
    key: IdempotencyKey | None,
    route: str = ROUTE,
    name_side: Callable[[BurnishError, int], None] | None = None,
    sides_at: str | None = None,
    is_one_call: bool = False,
) -> list[Side]:
    """All are held for, or none: then the first refusal is raised, and nothing is left of the others. The first is counted for all by the
    rates, so that what is refused used up nothing, and may begin when its Retry-After is over.

    With a key, sides that were asked for before by this `route` are Repeated, also where one of them would be refused by now. Raises
    InvalidField where so many are never let in together. `name_side`: says of a refusal where the side stands that is refused. `sides_at`:
    the field that makes so many. Raises PayloadTooLarge for more bytes together than SIDES_MOST_BYTES, as soon as they are that many.
    `is_one_call`: a call of this route may have one side or many, so the first one has the key as it came, and a body of the other kind
    finds it used.
    """
    keys = _keys(key, route, sides=len(orders), is_one_call=is_one_call)
    making = partial(make_request, gateway=gateway, principal=principal, request_id=request_id, traceparent=traceparent)
    try:
        _check_calls(principal, calls=len(orders))
        if key is None:  # a flood is refused before anything is rendered; what was let in before gets its answer, whatever rates say now
            gateway.refusals.check_rates([replace(one, calls=len(orders)) for one in principal.rates])
        made = await _all_made(orders, making, name_side=name_side, sides_at=sides_at)
    except Unavailable:
        raise
    except BurnishError:
        known = await all_known(gateway, principal, keys)
        if known is None:
            raise
        return [Repeated(one) for one in known]
    answers = await _admit_all(made, keys, gateway=gateway, principal=principal)
    refusal = next((one for one in answers if isinstance(one, BaseException)), None)
    if refusal is None:
        return [one for one in answers if not isinstance(one, BaseException)]
    admitted = [one.request.execution_id for one in answers if isinstance(one, Admitted)]
    if admitted:
        try:
            async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
                await _note_all_taken(tx, made, answers, principal)
                await store.withdraw(tx, principal.workspace_id, admitted, route=route, keys=[one.key for one in keys if one is not None])
        except Unavailable:  # What refused one of them may keep the others from being given back now.
            for answer, named in zip(answers, keys, strict=True):
                if isinstance(answer, Admitted):
                    gateway.unanswered.add(answer.request, named)
        gateway.refusals.forget([account for one in made for account in one.request.account_ids])
    raise refusal


async def _all_made(
    orders: Sequence[Order],
    making: Callable[[Order], Awaitable[MadeRequest]],
    *,
    name_side: Callable[[BurnishError, int], None] | None,
    sides_at: str | None,
) -> list[MadeRequest]:
    """What would be executed, with its bytes. Raises the first refusal, and PayloadTooLarge, as `admit_sides` says."""
    made: list[MadeRequest] = []
    size = 0
    for index, one in enumerate(orders):
        try:
            side = await making(replace(one, takes_part=False))
        except BurnishError as error:
            if name_side is not None:
                name_side(error, index)
            raise
        body = unstamped(side.request)
        made.append(replace(side, body=body))
        size += len(body)
        if size > SIDES_MOST_BYTES:
            raise _too_long(sides=len(orders), sides_at=sides_at)
    return made


async def _admit_all(
    made: Sequence[MadeRequest], keys: Sequence[IdempotencyKey | None], *, gateway: Gateway, principal: Principal
) -> list[Side | BaseException]:
    """What each was answered. Raises what the first one is refused with, which asks for the calls and tokens of all."""
    tokens = sum(tokens_of(one.request) for one in made) if principal.token_limits else None
    first = await admit(made[0], gateway=gateway, principal=principal, key=keys[0], together=Together(len(made), tokens))
    counted = Together(0, tokens if isinstance(first, Admitted) else 0)  # of one that was let in before nothing was taken now
    others = await asyncio.gather(
        *(
            admit(one, gateway=gateway, principal=principal, key=named, together=counted)
            for one, named in zip(made[1:], keys[1:], strict=True)
        ),
        return_exceptions=True,
    )
    return [first, *others]


async def _note_all_taken(tx: Tx, made: Sequence[MadeRequest], answers: Sequence[Side | BaseException], principal: Principal) -> None:
    """The first took the tokens of all; what it took for those that were refused is given back with it."""
    if not principal.token_limits or not isinstance(answers[0], Admitted):
        return
    tokens = [tokens_of(one.request) for one in made]
    refused = [isinstance(one, BaseException) and not isinstance(one, Unavailable) for one in answers]  # Unavailable: it may be held for
    missing = sum(some for some, is_refused in zip(tokens, refused, strict=True) if is_refused)
    limits = [replace(one, own=tokens[0] + missing, together=sum(tokens)) for one in principal.token_limits]
    await store.note_taken(tx, answers[0].request.execution_id, limits)


def _keys(key: IdempotencyKey | None, route: str, *, sides: int, is_one_call: bool) -> list[IdempotencyKey | None]:
    """One for each side, in their order."""
    if key is None:
        return [None] * sides
    names = [key.key if is_one_call and index == 0 else f"{key.key}#{index}" for index in range(sides)]
    return [IdempotencyKey(route, name, key.fingerprint) for name in names]


def _too_long(*, sides: int, sides_at: str | None) -> PayloadTooLarge:
    told = f"The rendered requests of these {sides} sides have more than {SIDES_MOST_BYTES} bytes together; compare fewer of them at once."
    return PayloadTooLarge(told if sides_at is None else f"{sides_at}: {told[0].lower()}{told[1:]}", param=sides_at)


def _check_calls(principal: Principal, *, calls: int) -> None:
    """What no waiting would let in: more than the plan lets wait for an answer at once, or than a rate lets begin at once."""
    most = principal.workspace.concurrency
    if calls > most:
        raise InvalidField(
            f"This begins {calls} calls at once, and the plan of this workspace lets {most} wait for an answer at once. "
            "Ask for fewer, or take a plan that allows more.",
            details={"calls": calls, "most_at_once": most},
        )
    for rate in principal.rates:
        if calls > rate.most_at_once:
            raise InvalidField(
                f"This begins {calls} calls at once, and a limit of {rate.per_minute} a minute lets {rate.most_at_once} begin at once. "
                "Ask for fewer, or raise rate_limit_per_minute of the API key, or of the workspace.",
                details={"calls": calls, "most_at_once": rate.most_at_once, "limit_per_minute": rate.per_minute},
            )


async def follow_sides(sides: Sequence[Side], *, gateway: Gateway, principal: Principal, waits: bool = True) -> AsyncGenerator[Event, None]:
    """What happens on each side, as it happens; each ends with one Ended. Whoever stops reading stops all of them. `waits`: for repeated
    ones that have not ended, which are asked about some at a time; else they end with IdempotencyInProgress.
    """
    asking = asyncio.Semaphore(ASKED_AT_ONCE) if waits else None
    events: asyncio.Queue[Event] = asyncio.Queue(WAITING_MOST)
    tasks = [asyncio.create_task(_follow(index, side, events, gateway, principal, asking)) for index, side in enumerate(sides)]
    try:
        under_way = len(sides)
        while under_way:
            event = await events.get()
            under_way -= isinstance(event[1], Ended)
            yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(
    index: int, side: Side, events: "asyncio.Queue[Event]", gateway: Gateway, principal: Principal, asking: asyncio.Semaphore | None
) -> None:
    """One side, told as ended once, however it ends: else its reader waits for ever. An error is no matter of the other sides."""
    try:
        ended = await _told(index, side, events, gateway, principal, asking)
    except BurnishError as error:
        ended = Ended(None, error)
    except Exception:
        execution_id = side.execution_id if isinstance(side, Repeated) else side.request.execution_id
        log.exception("comparison.side_failed", execution_id=str(execution_id), workspace_id=str(principal.workspace_id))
        ended = Ended(None, BurnishError("Something went wrong on our side; it has been logged."))
    await events.put((index, ended))


async def _told(
    index: int, side: Side, events: "asyncio.Queue[Event]", gateway: Gateway, principal: Principal, asking: asyncio.Semaphore | None
) -> Ended:
    """How one side ended, when all that came before is told. Raises why there is no Outcome."""
    if isinstance(side, Repeated):
        async with asking or contextlib.nullcontext():
            body = await replay(side.execution_id, gateway=gateway, principal=principal, wait=asking is not None)
        text = json.loads(body).get("output")
        if text:
            await events.put((index, Text(json.dumps(text, ensure_ascii=False).encode())))
        return Ended(body)
    async with contextlib.aclosing(Dispatch(gateway, side.request, side.body, key=side.key).follow()) as told:
        async for one in told:
            if isinstance(one, Done):
                return Ended(one.body, gap=one.gap)
            await events.put((index, one))
    raise RuntimeError("a dispatch ended without an outcome")


async def in_words(events: AsyncGenerator[Event, None], *, start: bytes, request_id: str) -> AsyncGenerator[bytes | None, None]:
    """Server-sent events: `start`, then `delta`, `done` and `error` of each side by its `index`, then `end` with the sums."""
    yield start
    ended: list[Ended] = []
    async with contextlib.aclosing(events) as parts:
        async for index, one in parts:
            match one:
                case Text(body):
                    yield b'event: delta\ndata: {"index":%d,"text":%s}\n\n' % (index, body)
                case Delta(body, text):
                    yield b'event: delta\ndata: {"index":%d,"text":%s,"delta":%s}\n\n' % (index, text, body)
                case Ended():
                    ended.append(one)
                    name = b"done" if one.succeeded else b"error"
                    yield b"event: %s\ndata: %s\n\n" % (name, side_shown(index, one, request_id=request_id))
                case _:
                    yield None
    yield b"event: end\ndata: %s\n\n" % json.dumps(sums_of(ended)).encode()


def side_shown(index: int, ended: Ended, *, request_id: str) -> bytes:
    """The Outcome with its index before it, or the error with its index."""
    if ended.body is not None and ended.succeeded:
        return b'{"index":%d,%s' % (index, ended.body[1:])
    error = failure_of(ended.body) if ended.body is not None else ended.error or Unavailable("The side ended without an answer.")
    return b'{"index":%d,%s' % (index, bytes(error_response(error, request_id=request_id).body)[1:])


def sums_of(ended: Sequence[Ended]) -> dict[str, int]:
    """Of all sides together."""
    cost_nusd = sum(json.loads(one.body)["cost_nusd"] for one in ended if one.body is not None)
    succeeded_count = sum(one.succeeded for one in ended)
    return {"succeeded": succeeded_count, "failed": len(ended) - succeeded_count, "cost_nusd": cost_nusd}


async def until_ended(sides: Sequence[Side], *, gateway: Gateway, principal: Principal, waits: bool = True) -> list[Ended]:
    """How each side ended, in their order. `waits` as in `follow_sides`."""
    ended: dict[int, Ended] = {}
    async with contextlib.aclosing(follow_sides(sides, gateway=gateway, principal=principal, waits=waits)) as events:
        async for index, one in events:
            if isinstance(one, Ended):
                ended[index] = one
    return [ended[index] for index in sorted(ended)]
