"""`GET /v1/feedback` and `DELETE /v1/feedback/{feedback_id}`: what was said, one by one, and what should not have been."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.feedback import list_store
from burnish_gateway.feedback.bodies import METRIC_NAME, FeedbackAccepted, FeedbackPage
from burnish_gateway.feedback.take_back import take_back
from burnish_gateway.idempotency import run_once
from burnish_gateway.moments import Moment, check_order
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.moments import in_utc_us

router = make_router("feedback")

LIST: Final = "feedback"

Kind = Literal["thumb", "score", "comment", "correction", "metric"]

KIND_OF: Final[dict[str, Kind]] = {"metric": "metric", "thumb": "thumb", "min_score": "score", "max_score": "score"}
"""Filters that only reactions of one kind have, and which."""


async def _wanted(
    prompt: Annotated[Text | None, Query(max_length=63, description="Of executions of this prompt.")] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Of this version; together with `prompt`.")] = None,
    execution_id: Annotated[UUID | None, Query(description="To this execution.")] = None,
    session_id: Annotated[Text | None, Query(max_length=256, description="To this session, and to its executions.")] = None,
    user_id: Annotated[Text | None, Query(min_length=1, max_length=256, description="By this end user.")] = None,
    kind: Annotated[Kind | None, Query(description="`comment`: also those that came along with a thumb or a score.")] = None,
    metric: Annotated[str | None, Query(pattern=METRIC_NAME, description="Of this named metric.")] = None,
    thumb: Annotated[Literal["up", "down"] | None, Query(description="Thumbs that point this way.")] = None,
    min_score: Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False, description="Scores from this one on.")] = None,
    max_score: Annotated[float | None, Query(ge=0, le=1, allow_inf_nan=False, description="Scores up to this one.")] = None,
    start: Annotated[Moment | None, Query(alias="from", description="Accepted from this moment on; with its zone.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Accepted before this moment; with its zone.")] = None,
    history: Annotated[
        bool,
        Query(
            description="Each with what it took the place of, and those too that were taken back: with who did it, and when. These are"
            " found by their kind, whichever way a thumb pointed or what a score was."
        ),
    ] = False,
) -> list_store.Wanted:
    check_order(start, end)
    if version is not None and prompt is None:
        raise InvalidField("version: give it together with prompt.", param="version")
    if execution_id is not None and session_id is not None:
        raise InvalidField("session_id: give either execution_id or session_id.", param="session_id")
    if min_score is not None and max_score is not None and min_score > max_score:
        raise InvalidField("min_score: is above max_score, so nothing lies between them.", param="min_score")
    kind = _one_kind(kind, metric=metric, thumb=thumb, min_score=min_score, max_score=max_score)
    return list_store.Wanted(
        prompt, version, execution_id, session_id, user_id, kind, metric, start, end, thumb, min_score, max_score, has_history=history
    )


def _one_kind(kind: Kind | None, **given: str | float | None) -> Kind | None:
    """The kind that all filters mean; None: any. Raises InvalidField where two of them mean different ones."""
    for name, value in given.items():
        own = KIND_OF[name]
        if value is None:
            continue
        if kind not in (None, own):
            raise InvalidField(f"{name}: no reaction of kind {kind} has one; leave it out, or what says {kind}.", param=name)
        kind = own
    return kind


Wanted = Annotated[list_store.Wanted, Depends(_wanted)]


@router.get("/v1/feedback", response_model=FeedbackPage, summary="Reactions one by one, those accepted last first")
async def list_feedback(
    gateway: GatewayParts,
    principal: Viewer,
    wanted: Wanted,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """The current ones: of several of one kind by one end user to one target, the one accepted last. Filters may be combined.

    What filters want is looked for among 20,000 reactions a page: `searched_to` says how far back it was looked, and `next_cursor` goes on
    from there, also where the page has few rows or none.
    """
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    after = (datetime.fromisoformat(position[0]), UUID(position[1]), str(position[2])) if position else None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await list_store.list_reactions(tx, principal.workspace_id, wanted, after=after, limit=limit)
        data = await list_store.listed(tx, found.rows[:limit], has_history=wanted.has_history)
    page = gateway.cursors.page(
        found.rows, limit=limit, workspace_id=principal.workspace_id, of=LIST,
        position=lambda row: [row["accepted_at"].isoformat(), str(row["feedback_id"]), row["kind"]],
    )  # fmt: skip
    next_cursor, searched_to = page["next_cursor"], None
    if found.searched_to is not None:
        at, feedback_id, kind = found.searched_to
        next_cursor = gateway.cursors.make(principal.workspace_id, of=LIST, position=[at.isoformat(), str(feedback_id), kind])
        searched_to = in_utc_us(at)
    return json_response(FeedbackPage.model_validate({"data": data, "next_cursor": next_cursor, "searched_to": searched_to}))


@router.delete("/v1/feedback/{feedback_id}", status_code=202, response_model=FeedbackAccepted, summary="Take a reaction back")
async def delete_feedback(feedback_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """All that was said under this id counts nowhere within a second: figures move back, as they do when other feedback replaces it. What
    it was, who took it back and when stays in `GET /v1/feedback?history=true` and in the audit log. Later feedback of the same end user
    counts again, under an id of its own. Repeated, no figure moves. 409: other feedback has taken its place, so it counts nowhere already.
    """

    async def work(tx: Tx) -> FeedbackAccepted:
        await take_back(tx, principal, feedback_id, now=gateway.clock.now())
        return FeedbackAccepted(feedback_id=feedback_id)

    answer = await run_once(gateway, request, principal, status=202, work=work)
    gateway.relay.wake()
    return answer
