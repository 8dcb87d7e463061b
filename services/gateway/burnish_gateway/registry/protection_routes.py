"""`/v1/prompts/{slug}/labels/{label}/protection`: what a label asks of a version before it may name it, told beforehand."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.registry.review_store import VersionStatus
from burnish_gateway.registry.tell_protection import Told, tell_protection
from burnish_gateway.wire import make_router
from burnish_shared.slug import MAX_VERSION, parse_movable_label, parse_slug

router = make_router("prompts")


class AskedRun(BaseModel):
    """Of the newest test run of the version. `evaluator_id`: whose mean score must reach `min_score` where items have no right answer."""

    least_items: int
    evaluator_id: UUID | None
    evaluator: str | None
    min_score: float
    problem: str | None = Field(description="Why its test run is not enough; null: it is.")
    run: dict[str, Any] | None = Field(description="The test run that was looked at, as in `details.run` of a refusal.")


class SnippetLacking(BaseModel):
    """`included_as`: how the version names it (`tone@live`); `version`: at which that stands, and which has no approval."""

    included_as: str
    slug: str
    version: int
    review: VersionStatus


class ReachedPrompt(BaseModel):
    """A prompt that includes this one by the label, and its protected label, which would serve the version too."""

    slug: str
    label: str


class ProtectionAnswer(BaseModel):
    """`lacking`: what a move to this version would be refused for (`label_protected`); empty where nothing is asked for or lacks,
    and where the label names it already."""

    slug: str
    label: str
    version: int
    is_protected: bool
    lacking: list[Literal["approval", "test_run"]]
    review: VersionStatus | None = Field(description="Null where the version itself is asked for no approval.")
    own_approval: bool = Field(description="Whether who wrote a version may approve it.")
    snippet: SnippetLacking | None = Field(description="The first that the version would take along without an approval; null: none.")
    reached: ReachedPrompt | None = Field(description="Where the label is not protected, and the version lacks an approval for it.")
    test_run: AskedRun | None = Field(description="Null where no test run is asked for.")


@router.get(
    "/v1/prompts/{slug}/labels/{label}/protection",
    response_model=ProtectionAnswer,
    summary="What a label asks of a version before it may name it, and what that lacks",
)
async def protection(
    slug: str,
    label: str,
    principal: Viewer,
    gateway: GatewayParts,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION, description="Which; the newest where nothing is said.")] = None,
) -> ProtectionAnswer:
    """Moves nothing. A label that is not there yet is told of too."""
    name, wanted = parse_slug(slug), parse_movable_label(label)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        told = await tell_protection(tx, principal.workspace_id, name, wanted, version=version)
    review = told.protection.status if told.protection else told.reached.status if told.reached else None
    one, other = told.snippet, told.reached
    return ProtectionAnswer.model_validate({
        "slug": name, "label": wanted, "version": told.version, "is_protected": told.protection is not None, "lacking": told.lacking,
        "review": review, "own_approval": told.own_approval, "test_run": _asked_run(told),
        "snippet": one and {"included_as": one.name, "slug": one.slug, "version": one.version, "review": one.status},
        "reached": other and {"slug": other.slug, "label": other.label},
    })  # fmt: skip


def _asked_run(told: Told) -> dict[str, Any] | None:
    asked = told.protection.asked if told.protection else None
    if told.protection is None or asked is None:
        return None
    problem = told.protection.problem
    return {
        "least_items": asked.least, "evaluator_id": asked.evaluator_id, "evaluator": told.evaluator, "min_score": asked.min_score,
        "problem": problem.said if problem else None, "run": problem.run if problem else None,
    }  # fmt: skip
