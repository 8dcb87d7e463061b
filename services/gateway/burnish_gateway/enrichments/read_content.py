"""What a claimed enrichment waits for: its content is read by its prompt, in parts where it is long, and one result made of them (E17).

Each call is an execution like any other, whose id is written before it is admitted: whoever goes on after a crash pays none twice.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any, Final

from asyncpg import Record

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.assistant import settings_store
from burnish_gateway.assistant.models import callable_model, usual_model
from burnish_gateway.assistant.work_store import Claim, ClaimLost
from burnish_gateway.clarifications.brief import object_in
from burnish_gateway.clarifications.start import kept_as_masked
from burnish_gateway.deps import Gateway
from burnish_gateway.enrichments import store
from burnish_gateway.enrichments.contents import (
    MARGIN_TOKENS,
    PARTS_MOST,
    asking,
    grouped,
    merging,
    split,
    text_of,
    without_cues,
)
from burnish_gateway.enrichments.read_url import read_url
from burnish_gateway.enrichments.shipped import OUTPUT_TOKENS, SHIPPED, Shipped
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.claimed_call import ClaimedCall
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.submit import make_request
from burnish_gateway.metrics import ENRICHMENTS
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_shared.contracts.executions import Outcome
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import BurnishError, InvalidField, ProviderFailed, RateLimited, Unavailable
from burnish_shared.hops import led_here_by
from burnish_shared.ids import new_uuid
from burnish_shared.schema_check import SchemaCheck, is_quick
from burnish_shared.slug import parse_label, parse_slug
from burnish_shared.storable_text import storable_value
from burnish_shared.tokens import tokens_in_messages
from burnish_shared.tracing import new_traceparent, valid

ATTEMPTS_MOST: Final = 3
PARTS_AT_ONCE: Final = 4
PATIENCE_S: Final = 300.0
"""So long limits and executors that are away are waited for: nobody looks at the screen."""

WAIT_S: Final = 0.5
WAIT_MOST_S: Final = 20.0
ROOM_LEAST_TOKENS: Final = 200
"""A model whose context leaves less than this for the content reads nothing of use."""


class ResultInvalid(ProviderFailed):
    """What the model gave is no JSON object, or not as the schema wants it."""

    code = "result_invalid"


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads the content: our prompt by a model, or the workspace's own prompt. `schema`: of the result."""

    shipped: Shipped
    facts: ModelFacts
    own: ResolvedVersion | None
    label: str | None


@dataclass(slots=True)
class EnrichmentWork:
    """One claim of an enrichment."""

    claim: Claim
    gateway: Gateway
    _calls: dict[str, ClaimedCall] = field(default_factory=dict)
    _before: dict[str, Record] = field(default_factory=dict)
    _until: float = 0.0

    async def carry_out(self) -> None:
        """Raises ClaimLost, Unavailable; what cannot be read, asked or used ends the enrichment as failed, and says why."""
        async with self._unit() as tx:
            row = await store.load(tx, self.claim)
            self._before = await store.calls_of(tx, self.claim)
        self._until = asyncio.get_running_loop().time() + PATIENCE_S
        with led_here_by(row["hops"]):
            try:
                result = await self._result(row)
            except Unavailable:
                raise
            except BurnishError as error:
                await self._failed(error)
                return
        async with self._unit() as tx:
            await store.finish(tx, self.claim, status="completed", result=result)
        ENRICHMENTS.labels("completed").inc()

    async def give_up(self) -> None:
        await self._failed(BurnishError("Something went wrong on our side; it has been logged."))

    def let_go(self) -> None:
        for call in self._calls.values():
            call.let_go()

    async def _failed(self, error: BurnishError) -> None:
        told = {"code": error.code, "message": error.message, "retryable": error.retryable}
        async with self._unit() as tx:
            await store.finish(tx, self.claim, status="failed", error=told)
        ENRICHMENTS.labels("failed").inc()

    async def _result(self, row: Record) -> dict[str, Any]:
        principal = await self._principal(row)
        content = row["content"] or await self._content_of_url(row, principal)
        text = without_cues(text_of(content)) if row["source_type"] == "youtube" else text_of(content)
        if not text.strip():
            raise InvalidField("content: holds no text.", param="content")
        reader = await self._reader(row, principal)
        parts = await asyncio.to_thread(split, text, room_tokens=_room(reader, row["metadata"]))
        if len(parts) > PARTS_MOST:
            raise InvalidField(
                f"content: would take {len(parts)} calls of {reader.facts.model}, and {PARTS_MOST} is the most; shorten it, or choose a "
                "model that reads more at once.", param="content",
            )  # fmt: skip
        async with self._unit() as tx:
            await store.plan(tx, self.claim, parts=len(parts), prompt=reader.own.slug if reader.own else None)
        results = await self._each_part(row, principal, reader, parts)
        level = 0
        while len(results) > 1:
            level += 1
            results = await self._merged(row, principal, reader, results, level=level)
        return results[0]

    async def _each_part(self, row: Record, principal: Principal, reader: Reader, parts: list[str]) -> list[dict[str, Any]]:
        places = asyncio.Semaphore(PARTS_AT_ONCE)

        async def read(index: int, text: str) -> dict[str, Any]:
            async with places:
                messages = asking(reader.shipped, text, part=index, parts=len(parts), metadata=row["metadata"])
                variables = {
                    "content": text,
                    "source_type": row["source_type"],
                    "metadata": row["metadata"],
                    "part": index,
                    "parts": len(parts),
                }
                return await self._asked(row, principal, reader, step=f"part {index}", messages=messages, variables=variables)

        return await self._all([read(index, text) for index, text in enumerate(parts, 1)])

    async def _merged(self, row: Record, principal: Principal, reader: Reader, results: list[Any], *, level: int) -> list[dict[str, Any]]:
        groups = grouped(results, room_tokens=_room(reader, row["metadata"]))
        places = asyncio.Semaphore(PARTS_AT_ONCE)

        async def merge(index: int, group: list[Any]) -> dict[str, Any]:
            async with places:
                messages = merging(reader.shipped, group)
                return await self._asked(row, principal, reader, step=f"merge {level}.{index}", messages=messages, variables=None)

        return await self._all([merge(index, group) for index, group in enumerate(groups, 1)])

    async def _all(self, works: list[Any]) -> list[dict[str, Any]]:
        """What all give; the first failure ends the others. Where the enrichment is not over by it, their calls come to their end by
        themselves: whoever goes on finds them in the books, or is at work on them by now."""
        tasks = [asyncio.ensure_future(one) for one in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)  # not gather: cancelled, it would cancel them before we let go
            for ended in (one for one in tasks if one.done()):
                ended.result()
            return [one.result() for one in tasks]
        except (ClaimLost, Unavailable, asyncio.CancelledError):
            self.let_go()
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _asked(
        self, row: Record, principal: Principal, reader: Reader, *, step: str, messages: list[dict[str, Any]],
        variables: dict[str, Any] | None,
    ) -> dict[str, Any]:  # fmt: skip
        """What this step gives, once. `variables`: of the workspace's own prompt; merging is done by ours."""
        before = self._before.get(step)
        if before is not None and before["result"] is not None:
            kept: dict[str, Any] = before["result"]
            return kept
        execution_id = before["execution_id"] if before is not None and before["status"] is None else None
        attempt = before["attempt"] if before is not None else 0
        order = self._order(row, reader, messages, variables)
        while True:
            is_left = execution_id is not None
            if execution_id is None:
                execution_id = new_uuid()
                async with self._unit() as tx:
                    attempt = await store.begin_call(tx, self.claim, step, execution_id=execution_id)
            call = self._calls[step] = ClaimedCall(self.gateway, principal, execution_id)
            if is_left:
                await call.left_to_its_executor()
            outcome = await self._outcome(call, row, principal, order)
            said = _read(outcome, reader.shipped.schema)
            async with self._unit() as tx:
                await store.end_call(
                    tx, self.claim, step, execution_id=execution_id, status=outcome.status.value,
                    result=None if isinstance(said, BurnishError) else said, input_tokens=outcome.usage.input_tokens,
                    output_tokens=outcome.usage.output_tokens, spent_nusd=outcome.cost_nusd, simulated=outcome.simulated,
                    model=outcome.model, version=outcome.version,
                )  # fmt: skip
            if not isinstance(said, BurnishError):
                return said
            if attempt >= ATTEMPTS_MOST or not said.retryable:
                raise said
            execution_id = None
            await asyncio.sleep(min(WAIT_MOST_S, max(said.retry_after_s or 0.0, WAIT_S * 2 ** (attempt - 1))))

    async def _outcome(self, call: ClaimedCall, row: Record, principal: Principal, order: Order) -> Outcome:
        loop = asyncio.get_running_loop()
        while True:
            try:
                made = await make_request(
                    order, gateway=self.gateway, principal=principal, request_id=row["request_id"],
                    traceparent=new_traceparent(valid(row["traceparent"])),
                )  # fmt: skip
                return Outcome.model_validate_json(await call.outcome(made))
            except (RateLimited, Unavailable) as error:
                wait_s = error.retry_after_s or WAIT_S
                if loop.time() + wait_s >= self._until:
                    raise
                await asyncio.sleep(wait_s)

    def _order(self, row: Record, reader: Reader, messages: list[dict[str, Any]], variables: dict[str, Any] | None) -> Order:
        common: dict[str, Any] = {
            "user_id": row["end_user"], "app": "burnish.enrichments", "metadata": {"enrichment_id": str(row["enrichment_id"])},
        }  # fmt: skip
        if reader.own is not None and variables is not None:
            return Order(slug=reader.own.slug, label=reader.label, variables=variables, **common)
        overrides: dict[str, Any] = {"max_tokens": min(OUTPUT_TOKENS, reader.facts.output_tokens)}
        if "json" in reader.facts.capabilities:
            schema = {"name": row["source_type"], "schema": reader.shipped.schema}
            overrides["response_format"] = (
                {"type": "json_schema", "json_schema": schema} if reader.facts.simulated else {"type": "json_object"}
            )
        key = f"burnish-{row['source_type']}"
        return Order(messages=messages, model=reader.facts.model, overrides=overrides, prompt_key=key, **common)

    async def _reader(self, row: Record, principal: Principal) -> Reader:
        """The workspace's own prompt for this source type, else ours by the workspace's model, else the registry's."""
        async with self._unit(read_only=True) as tx:
            own = (await store.prompts(tx)).get(row["source_type"])
            chosen = await settings_store.find(tx)
        shipped: Shipped = SHIPPED[row["source_type"]]
        if own is None:
            model = (chosen["ask_model"] if chosen else None) or await usual_model(self.gateway, principal, "enrichment")
            return Reader(shipped, await callable_model(self.gateway, principal, model, param="model"), None, None)
        label = parse_label(own["label"])
        version = await self.gateway.catalog.in_use(principal.workspace_id, parse_slug(own["slug"]), label=label)
        facts = await callable_model(self.gateway, principal, version.model, param="model")
        schema = version.record.content.spec.get("json_schema") or {"type": "object"}
        return Reader(Shipped(shipped.asks, schema), facts, version, label)

    async def _content_of_url(self, row: Record, principal: Principal) -> dict[str, Any]:
        if row["url"] is None:
            raise InvalidField("content: is not kept any more; send it again.", param="content")
        text = await read_url(self.gateway.egress, row["url"], pdfs=self.gateway.pdfs, tenant=str(self.claim.workspace_id))
        content = {"text": await kept_as_masked(self.gateway, principal, text)}
        async with self._unit() as tx:
            await store.keep_content(tx, self.claim, content)
        return content

    async def _principal(self, row: Record) -> Principal:
        workspace = await self.gateway.authenticator.workspaces.get(self.claim.workspace_id)
        return Principal(
            workspace, Role.VIEWER, api_key_id=row["api_key_id"], user_id=row["user_id"], first_key_id=row["first_key_id"]
        )  # fmt: skip

    def _unit(self, *, read_only: bool = False) -> contextlib.AbstractAsyncContextManager[Any]:
        return self.gateway.db.unit_of_work(workspace=self.claim.workspace_id, read_only=read_only)


def _room(reader: Reader, metadata: dict[str, Any]) -> int:
    """Tokens of content that one call can hold beside its instructions and the metadata. Raises InvalidField where these leave too few."""
    fixed = tokens_in_messages(asking(reader.shipped, "", part=1, parts=2, metadata=metadata)) + MARGIN_TOKENS
    if reader.own is not None:
        fixed += tokens_in_messages(reader.own.record.content.messages)
    room = reader.facts.context_tokens - min(OUTPUT_TOKENS, reader.facts.output_tokens) - fixed
    if room < ROOM_LEAST_TOKENS:
        raise InvalidField(
            f"model: {reader.facts.model} reads {reader.facts.context_tokens:,} tokens; instructions and metadata leave too few of them "
            "for a content.",
            param="model",
        )
    return room


def _read(outcome: Outcome, schema: dict[str, Any]) -> dict[str, Any] | BurnishError:
    """The result, or why there is none."""
    body = outcome.model_dump_json().encode()
    if not succeeded(body):
        return failure_of(body)
    found = outcome.output_json if isinstance(outcome.output_json, dict) else object_in(outcome.output)
    if found is None:
        return ResultInvalid(f"{outcome.model}: answered something else than a JSON object.")
    flaws = SchemaCheck(schema).flaws(found) if is_quick(schema) else []
    if flaws:
        where = "; ".join(f"{one.path or 'the result'} {one.message}" for one in flaws[:3])
        return ResultInvalid(f"{outcome.model}: the result is not as its schema wants it: {where}.")
    kept: dict[str, Any] = storable_value(found)
    return kept
