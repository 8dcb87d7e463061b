"""Comments on executions, sessions and runs of chains, over HTTP: the same four routes for each (PRODUCT E13)."""

from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from burnish_gateway.comments import on_run, store
from burnish_gateway.comments.answers import RunCommentAnswer, RunCommentPage, run_comment_answer
from burnish_gateway.comments.bodies import AddRunComment, ChangeComment
from burnish_gateway.comments.comment import Comment, OfRun
from burnish_gateway.comments.mask_words import masked
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound

LIST: Final = "run-comments"

Cursor = Annotated[Text | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Open = Annotated[bool | None, Query(description="true: what is not settled; false: what is.")]


def _of_execution(execution_id: UUID) -> OfRun:
    return OfRun(execution_id=execution_id)


def _of_session(session_id: str) -> OfRun:
    if "\x00" in session_id:
        raise NotFound("There is no session of this id.")
    return OfRun(session_id=session_id)


def _of_chain_run(chain_run_id: UUID) -> OfRun:
    return OfRun(chain_run_id=chain_run_id)


def _routes(tag: str, path: str, of_path: Callable[..., OfRun], *, noun: str) -> APIRouter:
    """Of what `path` names; `of_path` reads its parameter."""
    router = make_router(tag)
    _add_reading(router, path, of_path, noun=noun)
    _add_changing(router, path, of_path, noun=noun)
    return router


def _add_reading(router: APIRouter, path: str, of_path: Callable[..., OfRun], *, noun: str) -> None:
    @router.get(path, response_model=RunCommentPage, summary=f"Comments on {noun}, the newest first")
    async def list_comments(
        of: Annotated[OfRun, Depends(of_path)],
        principal: Viewer,
        gateway: GatewayParts,
        *,
        open: Open = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_DEFAULT,
    ) -> Response:
        """They go with its text: with the days of the workspace, when its texts are deleted, and when its end user is erased."""
        where = f"{LIST}/{of.execution_id or of.chain_run_id or of.session_id}"
        position = gateway.cursors.open(cursor, principal.workspace_id, of=where)
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
            place, _ = await on_run.found(tx, principal.workspace_id, of)
            found = await store.list_of(
                tx, place, is_resolved=None if open is None else not open, before=UUID(position[0]) if position else None, limit=limit + 1
            )
            names = await store.names_of_members(tx, list({one for each in found for one in each.mentions}))
        page = gateway.cursors.page(
            found, limit=limit, workspace_id=principal.workspace_id, of=where, position=lambda one: [str(one.comment_id)]
        )
        return json_response(RunCommentPage(data=[run_comment_answer(one, names) for one in page["data"]], next_cursor=page["next_cursor"]))


def _add_changing(router: APIRouter, path: str, of_path: Callable[..., OfRun], *, noun: str) -> None:
    Of = Annotated[OfRun, Depends(of_path)]

    @router.post(path, status_code=201, response_model=RunCommentAnswer, summary=f"Comment on {noun}")
    async def add(of: Of, request: Request, body: AddRunComment, principal: Editor, gateway: GatewayParts) -> Response:
        """`@name@example.com` mentions a member; who is none stays mere text. Masked as texts of runs are, but for such mentions.

        409 where the days of its text are over.
        """
        said = body.model_copy(update={"body": await masked(gateway, principal, body)})

        async def work(tx: Tx) -> RunCommentAnswer:
            return await _told(tx, await on_run.add_comment(tx, principal, of, said, clock=gateway.clock))

        return await run_once(gateway, request, principal, status=201, work=work)

    @router.patch(path + "/{comment_id}", response_model=RunCommentAnswer, summary=f"Change or settle a comment on {noun}")
    async def change(
        of: Of, comment_id: UUID, *, request: Request, body: ChangeComment, principal: Editor, gateway: GatewayParts
    ) -> Response:
        said = body.model_copy(update={"body": await masked(gateway, principal, body)})

        async def work(tx: Tx) -> RunCommentAnswer:
            return await _told(tx, await on_run.change_comment(tx, principal, of, comment_id, said, clock=gateway.clock))

        return await run_once(gateway, request, principal, status=200, work=work)

    @router.delete(path + "/{comment_id}", response_model=RunCommentAnswer, summary=f"Delete a comment on {noun}, with the answers to it")
    async def delete(of: Of, comment_id: UUID, *, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
        """One's own; an admin, anybody's."""

        async def work(tx: Tx) -> RunCommentAnswer:
            return await _told(tx, await on_run.delete_comment(tx, principal, of, comment_id))

        return await run_once(gateway, request, principal, status=200, work=work)


async def _told(tx: Tx, made: Comment[OfRun]) -> RunCommentAnswer:
    return run_comment_answer(made, await store.names_of_members(tx, made.mentions))


of_executions = _routes("executions", "/v1/executions/{execution_id}/comments", _of_execution, noun="an execution")
of_sessions = _routes("executions", "/v1/sessions/{session_id:path}/comments", _of_session, noun="a session")
of_chain_runs = _routes("chains", "/v1/chain-runs/{chain_run_id}/comments", _of_chain_run, noun="a run of a chain")
