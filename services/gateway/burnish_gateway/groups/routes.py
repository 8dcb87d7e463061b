"""`/v1/execution-groups`: calls without a prompt, by what belongs together, and how a group becomes a prompt."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.execution.group_key import instructions_of
from burnish_gateway.groups import store
from burnish_gateway.groups.adopt_group import NOBODY, Adoption, adopt_group
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry.bodies import MessageBody, ModelName
from burnish_gateway.wire import ApiModel, Name, Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.slug import parse_movable_label, parse_slug
from burnish_shared.template.messages import MAX_MESSAGES

router = make_router("executions")

LIST = "execution-groups"

INSTRUCTIONS_SHOWN = 2_000


class GroupFeedback(BaseModel):
    """What end users said of these calls."""

    thumbs_up: int
    thumbs_down: int
    scores: int
    mean_score: float | None


class GroupAnswer(BaseModel):
    """Calls that belong together. `group_key`: the caller's own `prompt_key`, or `~` and a fingerprint of their instructions.

    `model`: the one most calls went to. `prompt`: what the group became, with `moved` calls of before that count for it by now, and
    `history_complete` once no other is left.
    """

    group_key: str
    executions: int
    successes: int
    cost_nusd: int
    simulated: bool
    model: str
    feedback: GroupFeedback
    first_at: datetime
    last_at: datetime
    newest: list[UUID] = Field(description="The newest calls, at most five.")
    prompt: str | None
    version: int | None
    moved: int | None
    history_complete: bool | None


class GroupPage(BaseModel):
    """`counted_since`: calls before it are not in the counts."""

    data: list[GroupAnswer]
    next_cursor: str | None
    counted_since: datetime


class GroupWhole(GroupAnswer):
    """With a sample of its text, as far as texts are kept."""

    instructions: str | None = Field(description="Of the newest call whose text is kept; the first 2,000 characters.")
    settings: dict[str, Any] | None


class AdoptGroup(ApiModel):
    """`slug`: the group's key where that is one. `messages`, `model`: those of the newest call where nothing is said."""

    slug: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    name: Name | None = None
    label: Annotated[Text, Field(max_length=200)] | None = "production"
    messages: Annotated[list[MessageBody], Field(min_length=1, max_length=MAX_MESSAGES)] | None = None
    model: ModelName | None = None


class Adopted(BaseModel):
    """The prompt with its version 1. The group's calls count for it from now on; those of before follow within seconds to minutes."""

    group_key: str
    prompt: str
    version: int
    label: str | None = Field(description="What version 1 got; null for none, also where the workspace protects `production`.")


@router.get("/v1/execution-groups", response_model=GroupPage, summary="Calls without a prompt, grouped, those with the newest call first")
async def list_groups(
    gateway: GatewayParts,
    principal: Viewer,
    *,
    days: Annotated[int, Query(ge=1, le=90, description="How far back calls are counted.")] = 7,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """Calls are grouped by the `prompt_key` that they carry, else by a fingerprint of their instructions (system and developer messages).

    The newest 20,000 calls of these days are counted; `counted_since` says since when. A call is there a second or two after it ended.
    """
    after = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    since = gateway.clock.now() - timedelta(days=days)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_groups(
            tx, principal.workspace_id, since=_first_id(since), before=UUID(after[0]) if after else None, limit=limit + 1
        )
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["newest"][0])]
    )
    is_cut = any(row["looked_at"] >= store.LOOKED_AT_MOST for row in rows)
    counted_since = rows[0]["looked_since"] if is_cut else since
    return json_response(
        GroupPage(data=[_group(row) for row in page["data"]], next_cursor=page["next_cursor"], counted_since=counted_since)
    )


@router.get("/v1/execution-groups/{group_key}", response_model=GroupWhole, summary="One group of calls without a prompt, with a sample")
async def show_group(group_key: str, gateway: GatewayParts, principal: Viewer) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_groups(tx, principal.workspace_id, since=NOBODY, group_key=group_key.replace("\x00", "\ufffd"))
        if not rows:
            raise NotFound("There is no group of this key.")
        content = await store.newest_content(tx, principal.workspace_id, rows[0]["newest"])
    said = instructions_of(content["messages"])[:INSTRUCTIONS_SHOWN] if content is not None else None
    settings = content["settings"] if content is not None else None
    return json_response(GroupWhole(**_group(rows[0]).model_dump(), instructions=said, settings=settings))


@router.post(
    "/v1/execution-groups/{group_key}/prompt", status_code=201, response_model=Adopted, summary="Make a group a prompt, with its history"
)
async def make_prompt(group_key: str, request: Request, body: AdoptGroup, gateway: GatewayParts, principal: PromptEditor) -> Response:
    """Version 1 has the group's instructions and a place for the messages that a call brings.

    The application goes on as it is: its calls count for version 1, with their feedback. Once it names the prompt, what a label serves
    can be made better behind it.
    """
    slug = parse_slug(body.slug if body.slug is not None else group_key.removeprefix("~"), param="slug")
    asked = Adoption(
        group_key=group_key.replace("\x00", "\ufffd"),
        slug=slug,
        name=body.name or slug,
        label=None if body.label is None else parse_movable_label(body.label),
        insists="label" in body.model_fields_set,
        messages=None if body.messages is None else [one.model_dump(exclude_none=True) for one in body.messages],
        model=body.model,
    )

    async def work(tx: Tx) -> Adopted:
        head, version = await adopt_group(tx, principal, asked, clock=gateway.clock)
        placed = next(iter(head.labels), None)
        return Adopted(group_key=asked.group_key, prompt=head.prompt.slug, version=version.version, label=placed)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


def _first_id(moment: datetime) -> UUID:
    """The lowest id of that moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _group(row: Record) -> GroupAnswer:
    is_adopted = row["slug"] is not None
    return GroupAnswer(
        group_key=row["group_key"], executions=row["executions"], successes=row["successes"], cost_nusd=row["cost_nusd"],
        simulated=row["simulated"], model=row["model"],
        feedback=GroupFeedback(
            thumbs_up=row["thumbs_up"], thumbs_down=row["thumbs_down"], scores=row["scores"], mean_score=row["mean_score"]
        ),
        first_at=row["first_at"], last_at=row["last_at"], newest=row["newest"], prompt=row["slug"], version=row["version"],
        moved=row["moved"], history_complete=row["completed_at"] is not None if is_adopted else None,
    )  # fmt: skip
