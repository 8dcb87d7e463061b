"""`/v1/prompts/{slug}/labels/{label}/protection`: what a label asks of a version before it may name it, told beforehand."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.evaluators import store as evaluators
from burnish_gateway.registry import store
from burnish_gateway.registry.label_rules import Protection, protection_of
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.registry.review_store import VersionStatus
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


class ProtectionAnswer(BaseModel):
    """`lacking`: what a move to this version would be refused for (`label_protected`); empty where nothing is asked for or lacks."""

    slug: str
    label: str
    version: int
    is_protected: bool
    lacking: list[Literal["approval", "test_run"]]
    review: VersionStatus | None = Field(description="Null where the label is not protected.")
    own_approval: bool = Field(description="Whether who wrote a version may approve it.")
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
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        to = version or head.prompt.latest_version
        head.named(label=None, version=to)
        found = await protection_of(tx, head.prompt, wanted, version=to)
        evaluator_id = found.asked.evaluator_id if found is not None and found.asked is not None else None
        evaluator = await evaluators.find(tx, evaluator_id) if evaluator_id is not None else None
    return ProtectionAnswer.model_validate(
        {"slug": name, "label": wanted, "version": to, "is_protected": found is not None,
         "lacking": found.lacking if found else [], "review": found.status if found else None,
         "own_approval": found.rules.own_approval if found else True,
         "test_run": None if found is None else _asked_run(found, None if evaluator is None else evaluator["name"])}
    )  # fmt: skip


def _asked_run(found: Protection, evaluator: str | None) -> dict[str, Any] | None:
    if found.asked is None:
        return None
    problem = found.problem
    return {
        "least_items": found.asked.least, "evaluator_id": found.asked.evaluator_id, "evaluator": evaluator,
        "min_score": found.asked.min_score, "problem": problem.said if problem else None, "run": problem.run if problem else None,
    }  # fmt: skip
