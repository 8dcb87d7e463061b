"""`/v1/analytics/failure-groups`: what the failures of a prompt have in common."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway, GatewayParts, Viewer
from burnish_gateway.insights import failure_group_store as store
from burnish_gateway.insights.failure_group_answers import FailureGroupsAnswer, example_of
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.slug import parse_slug

router = make_router("analytics")

FRESH: Final = timedelta(minutes=5)
"""Groups that are older are made anew when somebody asks."""

ANEW: Final = timedelta(seconds=5)
"""The same with `fresh`: whoever asks all the time keeps a processor busy, not more."""

LOOK_EVERY_S: Final = 0.1

BEGUN_WITHIN_S: Final = 2.0
"""What nobody has begun by then waits behind others, or for an analytics that is away: whoever asks is told so."""

READS_TEXTS: Final = "executions:read"
"""What a narrowed key must have to see words of examples."""


@router.get("/v1/analytics/failure-groups", response_model=FailureGroupsAnswer, summary="What failures have in common")
async def failure_groups(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    prompt: Annotated[str | None, Query(max_length=63, description="Absent: of all prompts together.")] = None,
    days: Annotated[int, Query(ge=1, le=90, description="Failures of so many days.")] = 30,
    fresh: Annotated[bool, Query(description="Have them made anew, unless they are of these seconds.")] = False,
    wait_s: Annotated[float, Query(ge=0, le=20, allow_inf_nan=False, description="How long to wait for groups that are being made.")] = 8.0,
) -> Response:
    """Comments, corrections and bad marks of people, wrong answers of test runs, and answers that evaluators did not pass, put together by
    what they say. They are worked out in the background when somebody asks, and kept for a day."""
    slug = parse_slug(prompt, param="prompt") if prompt is not None else store.ALL_PROMPTS
    clock = asyncio.get_running_loop().time
    begun = clock()
    answer, is_begun = await _look(gateway, principal, slug, days=days)
    if answer.status != "pending" and _is_stale(answer, now=gateway.clock.now(), after=ANEW if fresh else FRESH):
        await _ask(gateway, principal.workspace_id, slug, days=days, after=ANEW if fresh else FRESH)
        answer, is_begun = await _look(gateway, principal, slug, days=days)
    while answer.status == "pending" and clock() - begun < (wait_s if is_begun else min(wait_s, BEGUN_WITHIN_S)):
        if gateway.inbox.is_over:
            break
        await asyncio.sleep(LOOK_EVERY_S)
        answer, is_begun = await _look(gateway, principal, slug, days=days)
    return json_response(answer)


def _is_stale(answer: FailureGroupsAnswer, *, now: datetime, after: timedelta) -> bool:
    return answer.computed_at is None or answer.computed_at < now - after


async def _ask(gateway: Gateway, workspace_id: UUID, slug: str, *, days: int, after: timedelta) -> None:
    """Has them made. A reader may: it changes nothing but how new the groups are."""
    async with gateway.db.unit_of_work(workspace=workspace_id) as tx:
        await store.ask(tx, workspace_id, slug, days=days, older_than=gateway.clock.now() - after)


async def _look(gateway: Gateway, principal: Principal, slug: str, *, days: int) -> tuple[FailureGroupsAnswer, bool]:
    """What there is, and whether somebody works at what is pending."""
    reads_texts = not principal.scopes or READS_TEXTS in principal.scopes
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if slug != store.ALL_PROMPTS and not await store.prompt_exists(tx, slug):
            raise NotFound("There is no such prompt.", param="prompt")
        row = await store.find(tx, slug, days=days)
        result: dict[str, Any] = (row["result"] if row is not None else None) or {}
        found = result.get("groups", [])
        groups = await _with_words(tx, found) if reads_texts else found
    answer = FailureGroupsAnswer(
        prompt=slug or None,
        days=days,
        status=row["status"] if row is not None else "failed",  # nobody has asked yet; whoever sees this asks
        computed_at=row["computed_at"] if row is not None else None,
        failures=result.get("failures", 0),
        considered=result.get("considered", {}),
        ungrouped=result.get("ungrouped", 0),
        groups=groups,
    )
    return answer, row is not None and row["is_begun"]


async def _with_words(tx: Tx, groups: list[dict[str, Any]]) -> list[Any]:
    """Groups with the texts of their examples, of as many reads as there are kinds of sources."""
    examples = [one for group in groups for one in group["examples"]]
    of_runs = [(one["test_run_id"], one["item_id"]) for one in examples if "test_run_id" in one]
    of_people = [(one["execution_id"], own) for one in examples for own in _feedback_ids(one)]
    of_scores = [(one["execution_id"], one["evaluator_id"]) for one in examples if "evaluator_id" in one]
    said = await store.reactions(tx, of_people) if of_people else {}
    cases = await store.cases(tx, of_runs) if of_runs else {}
    reasons = await store.verdicts(tx, of_scores) if of_scores else {}
    contents = await store.contents(tx, [one["execution_id"] for one in examples if "execution_id" in one]) if examples else {}
    return [
        group
        | {
            "examples": [
                example_of(
                    one,
                    said=_together(said.get((one["execution_id"], own), {}) for own in _feedback_ids(one)),
                    content=contents.get(one.get("execution_id", "")),
                    case=cases.get((one.get("test_run_id", ""), one.get("item_id", ""))),
                    reason=reasons.get((one.get("execution_id", ""), one.get("evaluator_id", ""))),
                )
                for one in group["examples"]
            ]
        }
        for group in groups
    ]


def _feedback_ids(example: dict[str, Any]) -> list[str]:
    """One person may have said it in several pieces: a mark, a comment, a correction."""
    return str(example["feedback_id"]).split(",") if "feedback_id" in example else []


def _together(said: Iterable[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in said:
        found |= {name: text for name, text in one.items() if text and name not in found}
    return found
