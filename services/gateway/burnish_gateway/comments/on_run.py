"""Say something of an execution, a session or a run of a chain; whoever is mentioned finds it (PRODUCT E13)."""

from datetime import timedelta
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.comments import change, run_store, store, tell
from burnish_gateway.comments.bodies import AddRunComment, ChangeComment
from burnish_gateway.comments.comment import Comment, OfRun, Place, place_of_run
from burnish_gateway.comments.mentions import mentions_of
from burnish_gateway.comments.run_store import Run
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound


async def add_comment(tx: Tx, principal: Principal, of: OfRun, body: AddRunComment, *, clock: Clock) -> Comment[OfRun]:
    """Whom it concerns finds it in their inbox.

    Raises NotFound for a run or comment that is not there, InvalidField for a mention of nobody, and Conflict where the comment would
    go at once, with texts whose days are over.
    """
    place, run = await found(tx, principal.workspace_id, of)
    _check_stays(principal, run, place, clock=clock)
    answered = None if body.reply_to is None else await change.first_of_thread(tx, place, body.reply_to)
    made = await store.insert_comment(
        tx, principal.workspace_id, of, reply_to=None if answered is None else answered.comment_id, body=body.body,
        mentions=await mentions_of(tx, body.body, body.mentions), author=principal.actor, of_text=run.has_text,
    )  # fmt: skip
    await change.note(tx, principal, "added", made)
    await tell.comment_added(tx, principal, made, wrote=(), clock=clock)
    return made


async def change_comment(tx: Tx, principal: Principal, of: OfRun, comment_id: UUID, body: ChangeComment, *, clock: Clock) -> Comment[OfRun]:
    """As `comments.change`."""
    return await change.change_comment(tx, principal, place_of_run(principal.workspace_id, of), comment_id, body, clock=clock)


async def delete_comment(tx: Tx, principal: Principal, of: OfRun, comment_id: UUID) -> Comment[OfRun]:
    """As `comments.change`."""
    return await change.delete_comment(tx, principal, place_of_run(principal.workspace_id, of), comment_id)


async def found(tx: Tx, workspace_id: UUID, of: OfRun) -> tuple[Place[OfRun], Run]:
    """Raises NotFound, also for an execution that is under way."""
    if of.execution_id is not None:
        run = await run_store.find_execution(tx, workspace_id, of.execution_id)
    elif of.chain_run_id is not None:
        run = await run_store.find_chain_run(tx, workspace_id, of.chain_run_id)
    else:
        run = await run_store.find_session(tx, workspace_id, of.session_id or "")
    place = place_of_run(workspace_id, of)
    if run is None:
        ended = " that has ended" if of.execution_id is not None else ""
        raise NotFound(f"There is no {place.noun} of this id{ended}.")
    return place, run


def _check_stays(principal: Principal, run: Run, place: Place[OfRun], *, clock: Clock) -> None:
    if principal.workspace.legal_hold:
        return
    days, now = principal.workspace.retention_days, clock.now()
    if (run.due_from or now) + timedelta(days=days) <= now:
        raise Conflict(
            f"A comment goes with the text of the {place.noun}, and the {days} days for which the workspace keeps texts are over. "
            "An admin sets them ('retention_days')."
        )
