"""The client to be awaited: the same methods as `client.Burnish`, which a test compares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from copy import copy
from pathlib import Path
from typing import Any, Literal

import httpx
from typing_extensions import Unpack

from burnish_client import calls, enrichments
from burnish_client.batches import Results, is_over
from burnish_client.calls import (
    BatchOptions,
    BudgetChanges,
    BudgetOptions,
    BudgetTarget,
    CommentChanges,
    CommentPlace,
    ExecutionOptions,
    FeedbackOptions,
)
from burnish_client.client import folder_of, scope_of
from burnish_client.connections import Connections
from burnish_client.enrichments import ENDED, FIRST_WAIT_S, Chat, EnrichmentCounts, EnrichmentOptions, SourceType
from burnish_client.errors import ApiError, BurnishError, NotReached
from burnish_client.lines import alines_of
from burnish_client.paths import segment
from burnish_client.prompts import (
    FRESH_S,
    Kept,
    Key,
    Prompt,
    PromptCache,
    Source,
    age_s_of,
    is_away,
    prompt_in_code,
    prompt_of,
    wanted_snippets,
)
from burnish_client.types import Batch, Budget, Enrichment, EnrichmentItem, Execution, RunComment
from burnish_client.wire import (
    Call,
    Events,
    File,
    Settings,
    error_of,
    is_answer,
    is_done_before,
    listed,
    may_succeed_later,
    not_reached,
    parsed,
    said_again,
    wait_s,
)


class AsyncBurnish:
    """For one event loop at a time: a second `asyncio.run` is one. Use it as an async context manager, or await `close`.

    `base_url`, `api_key`: else BURNISH_BASE_URL and BURNISH_API_KEY. `timeout_s`: of one try. `max_retries`: of requests that may
    succeed later; each POST carries one idempotency key through all its tries, so nothing is done or paid twice. `cache_folder`: where
    prompts are kept for the time that Burnish is away; False keeps none on disk. `prompt_fresh_s`: how long memory is trusted.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 125.0,
        max_retries: int = 3,
        cache_folder: Path | str | bool | None = None,
        prompt_fresh_s: float = FRESH_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = Settings.of(base_url, api_key, timeout_s=timeout_s, max_retries=max_retries)
        self._connections = Connections(lambda: httpx.AsyncClient(base_url=self._settings.base_url, transport=transport))
        self._prompts = PromptCache(folder_of(cache_folder), prompt_fresh_s, scope=scope_of(self._settings))

    @property
    def _http(self) -> httpx.AsyncClient:
        return self._connections.of_loop(asyncio.get_running_loop()).http

    async def __aenter__(self) -> AsyncBurnish:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections of this process; twice does no harm."""
        if (http := self._connections.of_loop(asyncio.get_running_loop()).end()) is not None:
            await http.aclose()

    def with_options(self, *, timeout_s: float | None = None, max_retries: int | None = None) -> AsyncBurnish:
        """The same client, with other settings for some calls: `burnish.with_options(timeout_s=5, max_retries=0).execute(…)`.

        Connections and known prompts are those of this one; closing either closes both.
        """
        other = copy(self)
        other._settings = self._settings.changed(timeout_s, max_retries)
        return other

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        files: Mapping[str, File] | None = None,
    ) -> Any:
        """Any route of the API that has no method here. The parsed answer, None for 204. Raises ApiError, NotReached.

        `content`: in place of a body, such as JSON lines, with its content-type among `headers`. `files`: a form (multipart/form-data), of
        which `body` is the other fields. For an answer that is no JSON: `request_raw`.
        """
        return await self._run(Call(method, path, body, query or {}, headers or {}, raw=content, files=files))

    async def request_raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        files: Mapping[str, File] | None = None,
    ) -> httpx.Response:
        """The same, whose answer comes as it is, read whole: `text` and `content` of a CSV or JSON lines, `headers`."""
        return await self._answer(Call(method, path, body, query or {}, headers or {}, raw=content, files=files))

    @asynccontextmanager
    async def download(self, path: str, *, query: Mapping[str, Any] | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """`async with burnish.download(path, query=…) as pieces: async for piece in pieces: file.write(piece)`.

        A file of any length, as it comes. Where it breaks off NotReached is raised; what could not go on says so in its last line.
        """
        response = await self._sent(self._built(Call("GET", path, query=query or {})), stream=True)
        try:
            yield self._pieces(response)
        finally:
            await response.aclose()

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for piece in response.aiter_bytes():
                yield piece
        except httpx.RequestError as error:
            raise not_reached(self._settings.base_url, error, is_garbled=isinstance(error, httpx.DecodingError)) from error

    async def execute(
        self, prompt: str | None = None, variables: Mapping[str, Any] | None = None, **given: Unpack[ExecutionOptions]
    ) -> Execution:
        """Runs a prompt, or `messages` with a `model`; see `calls.execute` for what else may be given. A refusal raises ApiError."""
        return await self._run(calls.execute(prompt, variables, **given))  # type: ignore[no-any-return]

    @asynccontextmanager
    async def stream(
        self, prompt: str | None = None, variables: Mapping[str, Any] | None = None, **given: Unpack[ExecutionOptions]
    ) -> AsyncIterator[AsyncTextStream]:
        """`async with burnish.stream("greeting", {...}) as pieces: async for text in pieces: …`; `pieces.result` afterwards.

        Leaving the block early ends the call of the model, and pays for what it produced. A stream that broke off raises StreamBroke;
        it is not begun again by itself, because what was shown to somebody cannot be taken back.
        """
        call = calls.execute(prompt, variables, in_pieces=True, **given)
        response = await self._sent(self._built(call), stream=True)
        try:
            yield AsyncTextStream(response)
        finally:
            await response.aclose()

    async def await_execution(self, execution_id: str, *, every_s: float = 0.5, limit_s: float | None = None) -> Execution:
        """Waits until it ended: one that was begun with `background=True`, or whose stream broke off. `status` says how.

        Raises TimeoutError after `limit_s`; the execution goes on.
        """
        end = None if limit_s is None else time.monotonic() + limit_s
        while True:
            execution: Execution = await self._run(calls.execution(execution_id))
            if calls.has_ended(execution):
                return execution
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"Execution {execution_id} has not ended after {limit_s:g} s")
            await asyncio.sleep(every_s)

    async def feedback(self, execution_id: str | None = None, **given: Unpack[FeedbackOptions]) -> str:
        """Sends a reaction and returns its id: `thumb`, `score`, `comment`, `correction`, `metric`, with `user_id`."""
        return str((await self._run(calls.feedback(execution_id, **given)))["feedback_id"])

    async def prompt(
        self, slug: str, *, label: str | None = None, version: int | None = None, fallback: str | Sequence[Mapping[str, Any]] | None = None
    ) -> Prompt:
        """The prompt as it is served: from memory while fresh, else asked for, else, while Burnish is away, what was last known.

        `fallback`: messages, or a text, for the day on which nothing is known. `Prompt.stale` and `Prompt.source` say what it is.
        Raises ApiError where there is no such prompt (an old copy is not served then), NotReached where nothing is known.
        """
        key, has_fallback = Key(slug, label, version), fallback is not None
        try:
            kept, source = await self._kept(key, has_fallback=has_fallback)
            included: dict[str, Kept] = {}
            while wanted := wanted_snippets(kept, included, slug=slug):
                for name, of in wanted:
                    included[name] = (await self._kept(of, has_fallback=has_fallback))[0]
            return prompt_of(kept, source, included=included)
        except BurnishError as error:
            if fallback is not None and is_away(error):
                return prompt_in_code(slug, fallback)
            raise

    async def _kept(self, key: Key, *, has_fallback: bool) -> tuple[Kept, Source]:
        if (kept := self._prompts.fresh(key)) is not None:
            return kept, kept.source
        kept = self._prompts.known(key)
        can_wait = kept is None and not has_fallback
        try:
            if self._prompts.rests and not can_wait:
                raise NotReached(f"{self._settings.base_url} did not answer a moment ago.")
            call = calls.prompt(key, etag=kept.etag if kept else None, can_wait=can_wait)
            response = await self._answer(call, tries=None if can_wait else 1)
            answer = parsed(response.content)
        except BurnishError as error:
            if isinstance(error, ApiError) and error.status in (404, 410):
                self._prompts.forget(key)
            if not is_away(error):
                raise
            if not self._prompts.rests:
                self._prompts.rest(kept)
            if kept is None:
                raise
            kept.is_stale = True
            return kept, kept.source
        age_s = age_s_of(response.headers)
        if kept is not None and response.status_code == 304:
            return self._prompts.confirm(key, kept, age_s=age_s), "network"
        return self._prompts.keep(key, answer, etag=response.headers.get("etag"), age_s=age_s), "network"

    async def enrich(self, source_type: SourceType, content: Chat | None = None, **given: Unpack[EnrichmentOptions]) -> Enrichment:
        """A `conversation`, `youtube` transcript or `document` as a structured result, by the prompt of its source type.

        Waits until it has ended: `processing_status` is completed (`result`), failed (`error`) or cancelled. Raises TimeoutError after
        `limit_s`; the work goes on, and `request("GET", "/v1/enrichments/ID")` reads it. With `limit_s=0` it is told as it stands.
        """
        limit_s = given.pop("limit_s", None)
        end = None if limit_s is None else time.monotonic() + limit_s
        first_wait_s = FIRST_WAIT_S if limit_s is None else min(FIRST_WAIT_S, limit_s)
        told: Enrichment = await self._run(enrichments.enrich(source_type, content, wait_s=first_wait_s, **given))
        while told["processing_status"] not in ENDED and limit_s != 0:
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"Enrichment {told['id']} is {told['processing_status']} after {limit_s:.0f} s")
            await asyncio.sleep(1.0)
            told = await self._run(enrichments.enrichment(told["id"]))
        return told

    async def analyze_chat(self, chat: Chat, **given: Unpack[EnrichmentOptions]) -> Enrichment:
        """What a conversation says, as the workspace's prompt for conversations wants it; see `enrich`. `chat`: messages, or a text."""
        return await self.enrich("conversation", chat, **given)

    async def extract_document(self, text: str | None = None, **given: Unpack[EnrichmentOptions]) -> Enrichment:
        """What a document says, from its text or `url`, as the workspace's prompt for documents wants it; see `enrich`."""
        return await self.enrich("document", text, **given)

    async def batch_analyze_chats(
        self,
        chats: Sequence[Chat],
        *,
        progress: Callable[[EnrichmentCounts], None] | None = None,
        every_s: float = 1.0,
        limit_s: float | None = None,
    ) -> Sequence[EnrichmentItem]:
        """As `batch_enrich`, of conversations."""
        return await self.batch_enrich("conversation", chats, progress=progress, every_s=every_s, limit_s=limit_s)

    async def batch_enrich(
        self,
        source_type: SourceType,
        contents: Sequence[Chat],
        *,
        progress: Callable[[EnrichmentCounts], None] | None = None,
        every_s: float = 1.0,
        limit_s: float | None = None,
    ) -> Sequence[EnrichmentItem]:
        """Any number of contents, worked on behind single ones. The results in the order of `contents`, once all have ended.

        `progress` is told the counts at each look. Raises TimeoutError after `limit_s`; the work goes on.
        """
        end = None if limit_s is None else time.monotonic() + limit_s
        started = [await self._run(call) for call in enrichments.groups(source_type, contents)]
        while True:
            counts = enrichments.counts_of([await self._run(enrichments.group(one["group_id"])) for one in started])
            if progress is not None:
                progress(counts)
            if enrichments.has_ended(counts):
                break
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"{counts['pending'] + counts['processing']} of {counts['total']} have not ended after {limit_s:.0f} s")
            await asyncio.sleep(every_s)
        found = {row["id"]: row for one in started async for row in self.list("/v1/enrichments", group_id=one["group_id"], limit=200)}
        return [found[name] for one in started for name in one["ids"] if name in found]  # type: ignore[misc]

    async def start_batch(self, inputs: Sequence[Mapping[str, Any]], **given: Unpack[BatchOptions]) -> Batch:
        """Many calls at the lowest priority; see `calls.start_batch`."""
        return await self._run(calls.start_batch(inputs, **given))  # type: ignore[no-any-return]

    async def await_batch(
        self, batch_id: str, *, progress: Callable[[Batch], None] | None = None, every_s: float = 2.0, limit_s: float | None = None
    ) -> Batch:
        """Waits until it ended or paused itself, telling `progress` at each look. Raises TimeoutError after `limit_s`; the batch goes on.

        Where `status` is `paused`, `pause_reason` says what is lacking (`funds`, `budget`, `suspended`, `refused`), and the batch
        waits until it is resumed. A pause that somebody asked for is waited out.
        """
        end = None if limit_s is None else time.monotonic() + limit_s
        while True:
            batch: Batch = await self._run(Call("GET", f"/v1/batches/{segment(batch_id)}"))
            if progress is not None:
                progress(batch)
            if is_over(batch):
                return batch
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"Batch {batch_id} is {batch['status']} after {limit_s:.0f} s")
            await asyncio.sleep(every_s)

    async def batch_results(self, batch_id: str, *, from_line: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Results in the order of the inputs, each with its own `custom_id` or index, read as they come, from the line `from_line` on.

        Goes on by itself where the server or the connection breaks off. Where that brings nothing more, as often as `max_retries` says:
        ApiError with what the server said, else NotReached.
        """
        results = Results(batch_id, from_line, self._settings.tries)
        while True:
            response = await self._sent(self._built(results.call), stream=True)
            try:
                async for line in alines_of(response):
                    if (row := results.take(line)) is not None:
                        yield row
                return
            except (ApiError, httpx.RequestError, ValueError) as error:
                pause_s = results.broke(error)
            finally:
                await response.aclose()
            await asyncio.sleep(pause_s)

    async def budgets(
        self, *, target_kind: BudgetTarget | None = None, target_id: str | None = None, end_user: str | None = None
    ) -> AsyncIterator[Budget]:
        """What may be spent in a day or month, newest first, with what is spent, held and left: all, those of a target, or those that a
        call of `end_user` counts against.
        """
        query = {"target_kind": target_kind, "target_id": target_id, "end_user": end_user}
        async for row in self.list(calls.BUDGETS, query=query):
            yield row  # type: ignore[misc]

    async def budget(self, budget_id: str) -> Budget:
        """One budget, also a closed one."""
        return await self._run(calls.budget("GET", budget_id))  # type: ignore[no-any-return]

    async def create_budget(
        self, target_kind: BudgetTarget, limit_nusd: int, period: Literal["day", "month"], **given: Unpack[BudgetOptions]
    ) -> Budget:
        """Limits what a target may spend, in billionths of a dollar: `create_budget("workspace", 50_000_000_000, "month")`. Needs the
        role admin. `target_id`: of a key its id, of a prompt its slug, of an end user your own id, or `*` for each by themselves.
        """
        return await self._run(calls.create_budget(target_kind, limit_nusd, period, **given))  # type: ignore[no-any-return]

    async def change_budget(self, budget_id: str, **changes: Unpack[BudgetChanges]) -> Budget:
        """What is named changes; what is spent and held stays."""
        return await self._run(calls.budget("PATCH", budget_id, changes))  # type: ignore[no-any-return]

    async def close_budget(self, budget_id: str) -> None:
        """It binds nothing any more."""
        await self._run(calls.budget("DELETE", budget_id))

    async def comments(self, *, open: bool | None = None, **place: Unpack[CommentPlace]) -> AsyncIterator[RunComment]:
        """What members said of an execution, a session or a run of a chain, with the answers, newest first: `comments(session_id="c-17")`.
        `open`: what is not settled; False: what is.
        """
        async for row in self.list(calls.comments_path(place), query={"open": open}):
            yield row  # type: ignore[misc]

    async def add_comment(
        self, body: str, *, mentions: Sequence[str] = (), reply_to: str | None = None, idempotency_key: str | None = None,
        **place: Unpack[CommentPlace],
    ) -> RunComment:  # fmt: skip
        """Says something of it: `add_comment("Look at this, @grace@example.com", execution_id=…)`. Members are mentioned by their address
        in the text, or by their user id. `reply_to`: a comment whose thread it answers in. Needs the role editor.
        """
        call = calls.add_comment(body, mentions=mentions, reply_to=reply_to, idempotency_key=idempotency_key, place=place)
        return await self._run(call)  # type: ignore[no-any-return]

    async def change_comment(self, comment_id: str, changes: CommentChanges, **place: Unpack[CommentPlace]) -> RunComment:
        """What is named changes: `change_comment(id, {"resolved": True}, session_id=…)` settles it."""
        return await self._run(calls.comment("PATCH", comment_id, place, changes))  # type: ignore[no-any-return]

    async def delete_comment(self, comment_id: str, **place: Unpack[CommentPlace]) -> None:
        """With the answers to it. One's own; an admin's key deletes anybody's."""
        await self._run(calls.comment("DELETE", comment_id, place))

    async def list(
        self, path: str, *, cursor: str | None = None, query: Mapping[str, Any] | None = None, **named: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Every row of a list, page after page: `burnish.list("/v1/prompts", tag="support")`. `cursor`: from the page that it names.
        `query`: parameters whose names are no words of Python (`from`, `metadata[plan]`); what is named beside it wins.
        """
        given = {**(query or {}), **named}
        while True:
            if cursor is not None:
                given["cursor"] = cursor
            answer = listed(await self._run(Call("GET", path, query=given)), path)
            for row in answer["data"]:
                yield row
            cursor = answer.get("next_cursor")
            if cursor is None:
                return

    async def _run(self, call: Call) -> Any:
        return parsed((await self._answer(call)).content)

    async def _answer(self, call: Call, *, tries: int | None = None) -> httpx.Response:
        """An answer, read whole."""
        return await self._sent(self._built(call), stream=False, tries=tries)

    def _built(self, call: Call) -> httpx.Request:
        """One request for all its tries: the idempotency key stays the same."""
        timeout_s = self._settings.timeout_of(call)
        return self._http.build_request(
            call.method,
            call.path,
            content=call.content,
            data=call.form,
            files=call.files,
            params=call.parameters,
            headers=self._settings.headers(call),
            timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)),
        )

    async def _sent(self, request: httpx.Request, *, stream: bool, tries: int | None = None) -> httpx.Response:
        """An answer, or its beginning; before it nothing was shown, so it may be tried again. The last failure is raised."""
        last, was_lost, asked = tries or self._settings.tries, False, f"{request.method} {request.url.path}"
        for attempt in range(last):
            is_last = attempt + 1 == last
            try:
                response = await self._http.send(request, stream=True)
                if is_answer(response.status_code) and stream:
                    return response
                async with aclosing(response):
                    if is_answer(response.status_code):
                        await response.aread()
                        return response
                    text = await _text_of(response)
            except httpx.RequestError as error:
                was_lost = was_lost or not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if is_last or not isinstance(error, httpx.TransportError):
                    raise not_reached(self._settings.base_url, error, is_garbled=isinstance(error, httpx.DecodingError)) from error
                pause_s = wait_s(attempt, retry_after=None)
                said_again(asked, attempt, last, why=str(error) or type(error).__name__, pause_s=pause_s)
                await asyncio.sleep(pause_s)
                continue
            refusal = error_of(response.status_code, text, response.headers)
            if is_done_before(request.method, refusal, was_lost=was_lost):
                return httpx.Response(204, request=request)
            was_lost = was_lost or response.status_code >= 500
            if is_last or not may_succeed_later(response.status_code, refusal, response.headers, tries_left=last - attempt - 1):
                raise refusal
            pause_s = wait_s(attempt, retry_after=response.headers.get("retry-after"))
            said_again(asked, attempt, last, why=f"{refusal.status} {refusal.code}, request {refusal.request_id}", pause_s=pause_s)
            await asyncio.sleep(pause_s)
        raise AssertionError("a try returns or raises")


async def _text_of(refusal: httpx.Response) -> str:
    """What it says; empty where it is not packed as it says: its status is known all the same."""
    try:
        return (await refusal.aread()).decode(errors="replace")
    except httpx.DecodingError:
        return ""


class AsyncTextStream:
    """Pieces of text as they come. `execution_id` from the beginning; `text` so far; `result`, the whole answer, at the end.

    Each piece comes once: a second loop goes on where the first was left, within the block.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._events = Events(response.headers.get("x-execution-id"), response.headers.get("x-request-id"))
        self._pieces = self._read()

    @property
    def execution_id(self) -> str | None:
        return self._events.execution_id

    @property
    def text(self) -> str:
        return self._events.text

    @property
    def result(self) -> Execution | None:
        return self._events.result  # type: ignore[return-value]

    def __aiter__(self) -> AsyncIterator[str]:
        return self._pieces

    async def _read(self) -> AsyncIterator[str]:
        try:
            async for line in alines_of(self._response):
                if (piece := self._events.feed(line)) is not None:
                    yield piece
        except httpx.RequestError as error:
            raise self._events.broke("The connection broke off") from error
        except httpx.StreamError as error:
            raise RuntimeError("The block of this stream was left, and its call ended with it: begin another.") from error
        if self._events.result is None:
            raise self._events.broke("The stream ended before its last event")
