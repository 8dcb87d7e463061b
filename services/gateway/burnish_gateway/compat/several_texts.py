"""Several texts in one call of `POST /v1/completions`: an execution each, held for all or none, told as the choices of one answer."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.compare.run_sides import Ended, Event, Side, admit_sides, follow_sides, until_ended
from burnish_gateway.compat.chunks import DONE
from burnish_gateway.compat.completion import usage_of
from burnish_gateway.compat.format import Chat, Facts, burnish_of, setup_in, tier_in
from burnish_gateway.compat.stream_chat import CALLS, ending
from burnish_gateway.compat.text_completions import CompletionsFormat, TextChunks, chats_of, choice_of, completion_head, event
from burnish_gateway.deps import Gateway, request_id_of
from burnish_gateway.execution.answer import failure_of
from burnish_gateway.execution.routes import headers_of
from burnish_gateway.execution.streaming import EventStream, Last, paced, unless_gone
from burnish_gateway.execution.submit import Admitted, Repeated
from burnish_gateway.execution.told import Alive, Delta, Done, Started, Text
from burnish_gateway.other_bodies import parsed
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.errors import BurnishError, InvalidField, Unavailable
from burnish_shared.json_bytes import decoded, encoded
from burnish_shared.money import credits_text

FORMAT: Final = CompletionsFormat()

LEFT_OUT: Final[Facts] = {"output": "", "finish_reason": "content_filter"}
"""In the place of an answer that guardrails leave out: clients find the answers to a text by counting."""


@dataclass(frozen=True, slots=True)
class SideChunks(TextChunks):
    """The chunks of one text among several; the usage of all and the end of the stream come behind the last."""

    def end(self, outcome: Facts) -> bytes:
        return self.choices_end(outcome)


async def complete_texts(
    request: Request, raw: bytes, *, gateway: Gateway, principal: Principal, key: IdempotencyKey | None
) -> Response | None:
    """None: the body has one text, or none. Raises what the caller must hear; then nothing is held, or what was paid is named."""
    chats = parsed(chats_of, raw, path=request.scope["path"])
    if not chats:
        return None
    sides = await _admitted(request, chats, gateway=gateway, principal=principal, key=key)
    first, has_key = sides[0], key is not None
    headers = headers_of(first, tells_arm=False) if isinstance(first, Admitted) else {"x-execution-id": str(first.execution_id)}
    headers |= {"idempotent-replayed": "true"} if any(isinstance(one, Repeated) for one in sides) else {}
    if chats[0].order.stream and all(isinstance(one, Admitted) for one in sides):
        return await _stream(request, sides, chats=chats, gateway=gateway, principal=principal, headers=headers, has_key=has_key)
    work = until_ended(sides, gateway=gateway, principal=principal, waits=not chats[0].order.stream)
    ended = await work if has_key else await unless_gone(request, work)
    try:
        facts = _succeeded(ended, sides, has_key=has_key)
    except BurnishError as error:
        return _refused(request, error, headers)
    per_text = max(_asked(chats[0]), *(len(one.get("choices") or [one]) for one in facts))
    if not chats[0].order.stream:
        return Response(_answer(facts, per_text=per_text), media_type="application/json", headers=headers)
    model, simulated = facts[0]["model"], facts[0]["simulated"]
    told = _Stream(sides, chats, request_id_of(request), model=model, simulated=simulated, per_text=per_text)
    return EventStream(paced(told.events(None, _again(ended))), headers=headers, slow_reader_s=gateway.settings.slow_reader_s)


async def _admitted(
    request: Request, chats: Sequence[Chat], *, gateway: Gateway, principal: Principal, key: IdempotencyKey | None
) -> list[Side]:
    def name_side(error: BurnishError, index: int) -> None:
        error.details = {**(error.details or {}), "prompt": index}

    try:
        return await admit_sides(
            [one.order for one in chats], gateway=gateway, principal=principal, request_id=request_id_of(request),
            traceparent=request.headers.get("traceparent"), key=key, route=FORMAT.route, name_side=name_side, sides_at="prompt",
            is_one_call=True,
        )  # fmt: skip
    except InvalidField as error:
        if error.param is None:  # more than may begin at once
            raise InvalidField(f"prompt: {error.message}", param="prompt", details=error.details) from error
        raise


async def _stream(
    request: Request,
    sides: list[Side],
    *,
    chats: list[Chat],
    gateway: Gateway,
    principal: Principal,
    headers: dict[str, str],
    has_key: bool,
) -> Response:
    """What fails before the headers are out is told by its status code."""
    events = follow_sides(sides, gateway=gateway, principal=principal)
    first = await unless_gone(request, _first(events, wait_s=gateway.settings.headers_wait_s))
    if isinstance(first[1], Ended) and not first[1].succeeded:
        await events.aclose()
        return _refused(request, _failure(first[1], sides, has_key=has_key), headers)
    asked = next(one.request for one in sides if isinstance(one, Admitted))
    per_text = max(_asked(chats[0]), asked.settings.get("n") or 1)
    told = _Stream(
        sides, chats, request_id_of(request), model=asked.route.model, simulated=asked.route.simulated, per_text=per_text, has_key=has_key
    )
    return EventStream(paced(told.events(first, events)), headers=headers, slow_reader_s=gateway.settings.slow_reader_s)


async def _first(events: AsyncGenerator[Event, None], *, wait_s: float) -> Event:
    """What the headers of the stream wait for: the first piece of any answer, or that somebody works on them after `wait_s`."""
    loop = asyncio.get_running_loop()
    waits_until = loop.time() + wait_s
    async for one in events:
        if not isinstance(one[1], Alive | Started) or loop.time() >= waits_until:
            return one
    raise RuntimeError("several executions ended without an outcome")


async def _again(ended: Sequence[Ended]) -> AsyncGenerator[Event, None]:
    """Stored answers as they would come."""
    for index, one in enumerate(ended):
        if one.body is not None and (text := decoded(one.body)["output"]):
            yield index, Text(encoded(text))
        yield index, one


class _Stream:
    """The events of one call: pieces of each answer as they come, each choice under its index, then the sums."""

    def __init__(
        self,
        sides: Sequence[Side],
        chats: Sequence[Chat],
        request_id: str,
        *,
        model: str,
        simulated: bool,
        per_text: int,
        has_key: bool = False,
    ) -> None:
        self._sides, self._request_id, self._has_key = sides, request_id, has_key
        self._include_usage = chats[0].include_usage
        self._head = completion_head(_id_of(sides[0]), model=model, simulated=simulated)
        self._chunks = [SideChunks(self._head, self._include_usage, index * per_text, per_text) for index in range(len(sides))]
        self._told_calls, self._told_asides = set[int](), set[int]()
        self._ended: dict[int, Facts] = {}

    async def events(self, first: Event | None, rest: AsyncGenerator[Event, None]) -> AsyncGenerator[bytes | None, None]:
        """`first` was taken from `rest` before. One that fails ends the stream, and the calls of all others."""
        async with contextlib.aclosing(rest) as parts:
            at = first if first is not None else await anext(parts)
            while True:
                index, one = at
                if isinstance(one, Ended) and not one.succeeded:
                    error = _failure(one, self._sides, has_key=self._has_key)
                    yield Last(self._chunks[index].error(error, request_id=self._request_id))
                    return
                told = self._part(index, one)
                if isinstance(one, Ended) and one.gap and index in self._told_calls:  # then `told` is the error that ends it
                    yield Last(told or b"")
                    return
                yield told
                if len(self._ended) == len(self._sides):
                    yield Last(self._end())
                    return
                at = await anext(parts)

    def _part(self, index: int, one: Any) -> bytes | None:
        chunks = self._chunks[index]
        match one:
            case Text(body):
                return chunks.text(body)
            case Delta(body):
                self._told_calls |= {index} if body.startswith(CALLS) else set()
                self._told_asides |= {index} if b'"refusal":' in body else set()
                return chunks.delta(body)
            case Ended(bytes() as body, _, gap):
                self._ended[index] = decoded(body)
                return ending(
                    Done(body, gap=gap), events=chunks, has_calls=index in self._told_calls, has_asides=index in self._told_asides,
                    request_id=self._request_id,
                )  # fmt: skip
            case _:
                return None

    def _end(self) -> bytes:
        if not self._include_usage:
            return DONE
        facts = [self._ended[index] for index in range(len(self._sides))]
        return event(self._head | {"choices": []} | _sums(facts)) + DONE


def _answer(facts: Sequence[Facts], *, per_text: int) -> bytes:
    """Choices in the order of the texts, `per_text` of each."""
    said = [(one.get("choices") or [one]) for one in facts]
    each = [choice for choices in said for choice in [*choices, *[LEFT_OUT] * (per_text - len(choices))]]
    head = completion_head(facts[0]["id"], model=facts[0]["model"], simulated=facts[0]["simulated"])
    choices = [choice_of(one, index=index) for index, one in enumerate(each)]
    return encoded(head | {"choices": choices} | _sums(facts) | tier_in(facts[0]) | setup_in(facts[0]))


def _sums(facts: Sequence[Facts]) -> Facts:
    """Usage of all together, and what names each execution."""
    each = [usage_of(one) for one in facts]
    usage = {name: sum(one[name] for one in each) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    for name, part in (("prompt_tokens_details", "cached_tokens"), ("completion_tokens_details", "reasoning_tokens")):
        usage[name] = {part: sum(one[name][part] for one in each)}
    sources = {one["source"] for one in each}
    cost_nusd = sum(one["cost_nusd"] for one in each)
    usage |= {"cost_nusd": cost_nusd, "source": sources.pop() if len(sources) == 1 else "estimated"}
    told = burnish_of(facts[0]) | {
        "credits": credits_text(cost_nusd), "latency_ms": max(one["latency_ms"] for one in facts),
        "cached": all(one["cached"] for one in facts),
        "executions": [{"id": one["id"], "model": one["model"], "cost_nusd": one["cost_nusd"]} for one in facts],
    }  # fmt: skip
    return {"usage": usage, "burnish": told}


def _succeeded(ended: Sequence[Ended], sides: Sequence[Side], *, has_key: bool) -> list[Facts]:
    """Raises the first failure: an answer has all of its choices, or is none."""
    failed = next((one for one in ended if not one.succeeded), None)
    if failed is not None:
        raise _failure(failed, sides, has_key=has_key)
    return [decoded(one.body) for one in ended if one.body is not None]


def _failure(failed: Ended, sides: Sequence[Side], *, has_key: bool) -> BurnishError:
    """What the caller hears of all; `details.executions` names each, and what was answered is paid and can be read."""
    error = failed.error or Unavailable("An execution ended without an answer.")
    if failed.body is not None:
        error = failure_of(failed.body, has_key=has_key)
    error.details = {**(error.details or {}), "executions": [str(_id_of(one)) for one in sides]}
    return error


def _refused(request: Request, error: BurnishError, headers: dict[str, str]) -> Response:
    response = FORMAT.refuse(error, request_id=request_id_of(request))
    response.headers.update(headers)
    return response


def _asked(chat: Chat) -> int:
    """Answers to each text, as the call says."""
    n: int = (chat.order.overrides or {}).get("n") or 1
    return n


def _id_of(side: Side) -> Any:
    return side.execution_id if isinstance(side, Repeated) else side.request.execution_id
