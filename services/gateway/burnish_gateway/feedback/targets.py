"""Feedback on executions made elsewhere: our id of each, made at first sight where the execution has not come in yet."""

from collections.abc import Sequence
from uuid import UUID

from burnish_gateway.feedback.bodies import FeedbackBody
from burnish_gateway.origin_store import ids_of
from burnish_shared.db.session import Database


async def with_targets(db: Database, workspace_id: UUID, bodies: Sequence[FeedbackBody]) -> list[FeedbackBody]:
    """The same, with `execution_id` where there was `imported`. Only these need PostgreSQL: raises Unavailable while it is away."""
    theirs = [(one.imported.source, one.imported.id) for one in bodies if one.imported is not None]
    if not theirs:
        return list(bodies)
    async with db.unit_of_work(workspace=workspace_id) as tx:
        ours = await ids_of(tx, workspace_id, theirs)
    return [
        one.model_copy(update={"execution_id": ours[(one.imported.source, one.imported.id)], "imported": None}) if one.imported else one
        for one in bodies
    ]
