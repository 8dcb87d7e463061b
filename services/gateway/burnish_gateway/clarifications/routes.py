"""`/v1/clarifications`: from a rough prompt, by questions, to a good one. A session is its owner's alone."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.assistant import settings_store
from burnish_gateway.assistant.models import callable_model
from burnish_gateway.clarifications import advance, answers, bodies, store
from burnish_gateway.clarifications.follow import events_of_session, read_session, until_said
from burnish_gateway.clarifications.import_rows import OptDump, ReadDump, read_dump
from burnish_gateway.clarifications.keep_dump import Unkept, keep_dump, mask_dump
from burnish_gateway.clarifications.owner import owner_of
from burnish_gateway.clarifications.save_prompt import save_prompt
from burnish_gateway.clarifications.start import NewSession, check_keeps_text, insert_session, kept_as_masked, models_in_use, plan_session
from burnish_gateway.clarifications.state import Status
from burnish_gateway.deps import Admin, Gateway, GatewayParts, PromptEditor, Viewer, request_id_of
from burnish_gateway.execution.streaming import EventStream, paced
from burnish_gateway.idempotency import key_of, or_answered, replay, run_once
from burnish_gateway.models.store import keep_known
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.still_allowed import while_allowed
from burnish_gateway.wire import ChatRoute, Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.slug import parse_movable_label, parse_slug

router = make_router("clarifications", route_class=ChatRoute)

LIST: Final = "clarifications/created"
STREAM: Final = "text/event-stream"

Wait = Annotated[
    float,
    Query(ge=0, le=90, allow_inf_nan=False, description="How long the model is waited for; then the session as it stands, with `task`."),
]


@router.post("/v1/clarifications", status_code=201, response_model=answers.ClarificationAnswer, summary="Start a clarifying session")
async def start(
    request: Request, body: bodies.StartClarification, principal: Viewer, gateway: GatewayParts, wait_s: Wait = 30.0
) -> Response:
    """Answers with the first questions, or, where the model takes longer, with `task: ask`."""
    new = NewSession(
        body.initial_prompt, dict(body.selections), body.ask_model, body.write_model, body.user_id, body.metadata
    )  # fmt: skip
    session_id, headers = await begin(request, new, gateway=gateway, principal=principal)
    row = await until_said(gateway, principal, session_id, wait_s=wait_s)
    return json_response(answers.answer_of(row), status=201, headers=headers | {"location": f"/v1/clarifications/{session_id}"})


@router.get("/v1/clarifications", response_model=answers.ClarificationPage, summary="One's own sessions, newest first")
async def list_sessions(
    principal: Viewer,
    gateway: GatewayParts,
    status: Status | None = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, user=owner_of(principal), read_only=True) as tx:
        before = (datetime.fromisoformat(position[0]), UUID(position[1])) if position else None
        rows = await store.list_page(tx, status=status, before=before, limit=limit + 1)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST,
        position=lambda row: [row["created_at"].isoformat(), str(row["session_id"])],
    )  # fmt: skip
    return json_response(answers.ClarificationPage(data=[answers.item_of(row) for row in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/clarifications/models", response_model=answers.ModelsAnswer, summary="Which models ask and write")
async def get_models(principal: Viewer, gateway: GatewayParts) -> Response:
    """Models say with `preferred_for: ["clarification"]`, `["prompt_writing"]` or `["enrichment"]` that they go first."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        chosen = await settings_store.find(tx)
    return json_response(await _models(gateway, principal, chosen))


@router.put("/v1/clarifications/models", response_model=answers.ModelsAnswer, summary="Choose which models ask and write")
async def put_models(request: Request, body: bodies.ChooseModels, principal: Admin, gateway: GatewayParts) -> Response:
    """For sessions that start from now on. The model that asks also reads contents, where no prompt of the workspace does."""
    for param, model in (("ask_model", body.ask_model), ("write_model", body.write_model)):
        if model is not None:
            await callable_model(gateway, principal, model, param=param)

    async def work(tx: Tx) -> answers.ModelsAnswer:
        await keep_known(tx, principal.workspace_id, [("ask_model", body.ask_model), ("write_model", body.write_model)])
        before = await settings_store.find(tx)
        await settings_store.put(tx, principal, ask_model=body.ask_model, write_model=body.write_model)
        was = {name: before[name] if before else None for name in ("ask_model", "write_model")}
        await audit.note(
            tx, principal, action="clarification_models.set", kind="clarification_models", key=str(principal.workspace_id), before=was,
            after={"ask_model": body.ask_model, "write_model": body.write_model},
        )  # fmt: skip
        return await _models(gateway, principal, await settings_store.find(tx))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/clarifications/import", response_model=answers.ImportedSessions, summary="Bring in sessions of the source system")
async def bring_in(
    request: Request,
    body: OptDump,
    principal: Viewer,
    gateway: GatewayParts,
    dry_run: Annotated[bool, Query(description="Says what would happen, and changes nothing.")] = False,
) -> Response:
    """Rows of `opt_sessions`, `opt_messages` and `opt_feedback`; they become your own, whoever had them there. Twice changes nothing."""
    key_of(request)
    read = _read(gateway, principal, body)
    found = await read if dry_run else await or_answered(read, gateway=gateway, request=request, principal=principal)
    if isinstance(found, Response):
        return found

    async def work(tx: Tx) -> answers.ImportedSessions:
        counts = await keep_dump(tx, found, principal=principal, hours=gateway.settings.clarification_hours, now=gateway.clock.now())
        if dry_run:
            raise Unkept(counts)
        return answers.ImportedSessions(dry_run=False, notes=found.notes, **counts)

    if not dry_run:
        return await run_once(gateway, request, principal, status=200, work=work, user=owner_of(principal))
    try:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, user=owner_of(principal)) as tx:
            await work(tx)
    except Unkept as unkept:
        return json_response(answers.ImportedSessions(dry_run=True, notes=found.notes, **unkept.counts))
    raise RuntimeError("a dry run kept something")


async def _read(gateway: Gateway, principal: Principal, body: OptDump) -> ReadDump:
    check_keeps_text(principal)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        chosen = await settings_store.find(tx)
    models = await models_in_use(gateway, principal, chosen)
    found = await asyncio.to_thread(read_dump, body, owner_id=owner_of(principal), models=models, now=gateway.clock.now())
    await mask_dump(found, gateway=gateway, principal=principal)
    return found


@router.get("/v1/clarifications/{clarification_id}", response_model=answers.ClarificationDetail, summary="A session with its messages")
async def get_session(clarification_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, user=owner_of(principal), read_only=True) as tx:
        row = await advance.found(tx, clarification_id)
        said = await store.messages_of(tx, clarification_id)
        return json_response(answers.detail_of(row, said, await store.feedback_of(tx, clarification_id)))


@router.get(
    "/v1/clarifications/{clarification_id}/events",
    response_model=answers.ClarificationAnswer,
    summary="Follow a session",
    responses={200: {"content": {STREAM: {}}, "description": "The stream, or the session as it stands."}},
)
async def follow(clarification_id: UUID, request: Request, principal: Viewer, gateway: GatewayParts) -> Response:
    """With `Accept: text/event-stream` server-sent events: `session` at once and whenever it changes, `gone` when it is deleted, for an
    hour at most; else the session as it stands. Whoever stops listening ends nothing."""
    row = await read_session(gateway, principal, clarification_id)
    if STREAM not in request.headers.get("accept", ""):
        return json_response(answers.answer_of(row))
    events = events_of_session(gateway, principal, clarification_id, request_id=request_id_of(request))
    return EventStream(paced(while_allowed(events, request, principal)), headers={})


@router.post("/v1/clarifications/{clarification_id}/answers", response_model=answers.ClarificationAnswer, summary="Answer questions")
async def answer(
    clarification_id: UUID, request: Request, body: bodies.SubmitAnswers, principal: Viewer, gateway: GatewayParts, wait_s: Wait = 30.0
) -> Response:
    """One or more of the open questions, in any order; null skips one. When none is open any more, the next round is asked, at most three.

    The same answer again changes nothing. Another one takes the first one's place until the round is closed; then 409 `wrong_state`.
    """
    given = [one.given() for one in body.answers]
    headers = await answered(request, clarification_id, given, gateway=gateway, principal=principal)
    row = await until_said(gateway, principal, clarification_id, wait_s=wait_s)
    return json_response(answers.answer_of(row), headers=headers)


@router.post(
    "/v1/clarifications/{clarification_id}/final-prompt", response_model=answers.ClarificationAnswer, summary="Have the prompt written"
)
async def write(
    clarification_id: UUID, request: Request, principal: Viewer, gateway: GatewayParts, wait_s: Wait = 60.0
) -> Response:  # fmt: skip
    """By the strong model, from everything that is known; questions that are open count as skipped. Also once more after it failed."""
    headers = await have_written(request, clarification_id, gateway=gateway, principal=principal)
    row = await until_said(gateway, principal, clarification_id, wait_s=wait_s)
    return json_response(answers.answer_of(row), headers=headers)


@router.post(
    "/v1/clarifications/{clarification_id}/feedback", status_code=201, response_model=answers.RatedAnswer, summary="Rate a session"
)
async def rate(
    clarification_id: UUID, request: Request, body: bodies.RateClarification, principal: Viewer, gateway: GatewayParts
) -> Response:  # fmt: skip
    return await rated(request, clarification_id, body, gateway=gateway, principal=principal, status=201)


@router.post("/v1/clarifications/{clarification_id}/save", response_model=answers.SavedAnswer, summary="Save the result as a version")
async def save(
    clarification_id: UUID, request: Request, body: bodies.SaveClarification, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """With the test cases that the model made up; each carries `synthetic: true` in its metadata. Repeating it saves nothing new."""
    slug = parse_slug(body.slug)
    label = None if body.label is None else parse_movable_label(body.label)

    async def work(tx: Tx) -> answers.SavedAnswer:
        saved = await save_prompt(tx, principal, clarification_id, body, slug=slug, label=label, clock=gateway.clock)
        return answers.SavedAnswer(
            prompt=saved.slug, version=saved.version, label=saved.label, is_new=saved.is_new, test_cases=saved.test_cases
        )

    answer = await run_once(gateway, request, principal, status=200, work=work, user=owner_of(principal))
    await gateway.catalog.catch_up()
    gateway.assistant.ring(clarification_id)
    return answer


@router.delete("/v1/clarifications/{clarification_id}", response_model=answers.DeletedClarification, summary="Delete a session")
async def delete(clarification_id: UUID, request: Request, principal: Viewer, gateway: GatewayParts) -> Response:
    """With its messages and ratings, at once. What was saved as a version stays."""

    async def work(tx: Tx) -> answers.DeletedClarification:
        if not await store.delete(tx, clarification_id):
            raise advance.no_such_session()
        return answers.DeletedClarification(id=clarification_id)

    answer = await run_once(gateway, request, principal, status=200, work=work, user=owner_of(principal))
    gateway.assistant.ring(clarification_id)
    return answer


async def begin(request: Request, new: NewSession, *, gateway: Gateway, principal: Principal) -> tuple[UUID, dict[str, str]]:
    """The session's id, the same for a repeat with the same Idempotency-Key, and headers of the answer that say so."""
    planned: NewSession | None = None

    async def work(tx: Tx) -> dict[str, Any]:
        assert planned is not None  # noqa: S101 - planned before this is called
        session_id = await insert_session(
            tx, planned, gateway=gateway, principal=principal, request_id=request_id_of(request),
            traceparent=request.headers.get("traceparent"),
        )  # fmt: skip
        return {"id": str(session_id)}

    accepted = await repeated(request, gateway, principal)
    if accepted is None:  # planned outside of the transaction: it reads what a connection of its own may be needed for
        planned = await plan_session(new, gateway=gateway, principal=principal)
        accepted = await run_once(gateway, request, principal, status=201, work=work, user=owner_of(principal))
        gateway.assistant.wake()
    return UUID(json.loads(bytes(accepted.body))["id"]), _said_of(accepted)


async def answered(request: Request, session_id: UUID, given: list[Any], *, gateway: Gateway, principal: Principal) -> dict[str, str]:
    """Keeps answers; returns headers of the answer. Raises NotFound, WrongState, InvalidField."""
    texts = await kept_as_masked(gateway, principal, [one.answer for one in given])
    masked = [type(one)(one.question_id, text) for one, text in zip(given, texts, strict=True)]

    async def work(tx: Tx) -> bool:
        return await advance.submit_answers(tx, session_id, masked, hours=gateway.settings.clarification_hours)

    return await _changed(request, session_id, work, gateway=gateway, principal=principal)


async def have_written(request: Request, session_id: UUID, *, gateway: Gateway, principal: Principal) -> dict[str, str]:
    """Has the prompt written; returns headers of the answer. Raises NotFound, WrongState."""

    async def work(tx: Tx) -> bool:
        return await advance.have_written(tx, session_id, hours=gateway.settings.clarification_hours)

    return await _changed(request, session_id, work, gateway=gateway, principal=principal)


async def rated(
    request: Request, session_id: UUID, body: bodies.RateClarification, *, gateway: Gateway, principal: Principal, status: int
) -> Response:  # fmt: skip
    comments: str = (await kept_as_masked(gateway, principal, body.comments))[: bodies.COMMENTS_MOST_CHARS]

    async def work(tx: Tx) -> answers.RatedAnswer:
        rating_id = await advance.rate(
            tx, session_id, workspace_id=principal.workspace_id, owner_id=owner_of(principal), rating=body.rating, comments=comments
        )
        return answers.RatedAnswer(id=rating_id)

    return await run_once(gateway, request, principal, status=status, work=work, user=owner_of(principal))


async def repeated(request: Request, gateway: Gateway, principal: Principal) -> Response | None:
    """The answer to an earlier request with the same Idempotency-Key."""
    if key_of(request) is None:
        return None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await replay(gateway, tx, request, principal)


async def _changed(
    request: Request, session_id: UUID, change: Callable[[Tx], Awaitable[bool]], *, gateway: Gateway, principal: Principal
) -> dict[str, str]:  # fmt: skip
    async def work(tx: Tx) -> dict[str, Any]:
        return {"changed": await change(tx)}

    done = await run_once(gateway, request, principal, status=200, work=work, user=owner_of(principal))
    gateway.assistant.ring(session_id)
    gateway.assistant.wake()
    return _said_of(done)


def _said_of(stored: Response) -> dict[str, str]:
    return {"idempotent-replayed": "true"} if "idempotent-replayed" in stored.headers else {}


async def _models(gateway: Gateway, principal: Principal, chosen: Any) -> answers.ModelsAnswer:
    said = dict(chosen) if chosen else {"ask_model": None, "write_model": None, "updated_by": None, "updated_at": None}
    return answers.ModelsAnswer(**said, in_use=await models_in_use(gateway, principal, chosen))
