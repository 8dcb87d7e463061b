"""`/v1/workspaces`: those of the caller; make one, read and change its settings."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access import people_store
from burnish_gateway.access.people_answers import OwnWorkspace, own_workspace
from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.scopes import check_may_grant
from burnish_gateway.deps import Admin, AdminThere, Gateway, GatewayParts, Viewer, ViewerThere
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.named_changes import named_by
from burnish_gateway.team import found_organization as found
from burnish_gateway.team import organization_store
from burnish_gateway.team.change_workspace import change_workspace, settings_of
from burnish_gateway.team.govern import belongings, memberships_of
from burnish_gateway.team.organization_answers import NewWorkspaceAnswer, WorkspaceAnswer, WorkspacePage, workspace_answer
from burnish_gateway.wire import ApiModel, Name, Text, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.prompt_settings import CACHE_MOST_S
from burnish_shared.slug import parse_movable_label

router = make_router("access")


class NewWorkspace(ApiModel):
    """`organization_id`: one's own; that of the key, or of the chosen workspace, where nothing is said."""

    name: Name
    organization_id: UUID | None = None


class WorkspaceChange(ApiModel):
    """What is left out stays. `rate_limit_per_minute`, `token_limit_per_minute` null: the plan's. `retention_days` 0: texts are not
    stored at all."""

    name: Name | None = None
    rate_limit_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    token_limit_per_minute: Annotated[int, Field(ge=1, le=10_000_000_000)] | None = Field(
        default=None, description="Of all its calls, input and output together; at most the plan's, where that has one."
    )
    store_content: bool | None = None
    retention_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    legal_hold: bool | None = None
    platform_keys: bool | None = None
    only_admins_change_prompts: bool | None = None
    protected_labels: Annotated[list[Annotated[Text, Field(max_length=200)]], Field(max_length=20)] | None = Field(
        default=None, description="Labels of prompts that move to approved versions alone, and that only admins remove."
    )
    own_approval: bool | None = Field(
        default=None,
        description="Whether authors may approve versions that they wrote, or with text of theirs that nobody else approved.",
    )
    test_run_gate: bool | None = Field(
        default=None,
        description="Whether a protected label asks besides that the version's newest test run by its own model, over `min_samples` "
        "validation or test items or more, meets its threshold.",
    )
    gate_evaluator_id: UUID | None = Field(
        default=None,
        description="The evaluator that `test_run_gate` goes by where the test run has items without a right answer; null: none, so that a "
        "run over such items alone opens nothing. One that needs a right answer or another answer is refused.",
    )
    gate_min_score: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None,
        description="The mean score of `gate_evaluator_id` that such a run must reach; 0.8 unless set. An answer without one counts as 0.",
    )
    min_samples: Annotated[int, Field(ge=20, le=10_000)] | None = Field(
        default=None, description="An optimization claims nothing, and `test_run_gate` opens for nothing, on fewer items than this."
    )
    confidence: Annotated[float, Field(ge=0.8, le=0.999)] | None = Field(
        default=None, description="How sure a claimed gain must be, over all looks at a test split together; 0.95 unless set."
    )
    examples_in_prompts: bool | None = Field(
        default=None, description="Whether items of datasets may enter prompts as examples, which the method few_shot does."
    )
    share_statistics: bool | None = None
    cache_mode: Literal["off", "asked", "deterministic", "always"] | None = Field(
        default=None,
        description="Of answers: `off` for everybody, `asked`: where a version or a call asks for it, `deterministic`: of every call at "
        "temperature 0, `always`: of every call.",
    )
    cache_ttl_s: (
        Annotated[int, Field(ge=1, le=CACHE_MOST_S, description="How long an answer is kept where nothing else is said.")] | None
    ) = None
    response_shape: Literal["with_metadata", "raw", "headers"] | None = Field(
        default=None, description="How `POST /v1/executions` answers: with all that is known, the bare answer, or the rest in headers."
    )


@router.get("/v1/workspaces", response_model=WorkspacePage, summary="The caller's workspaces, and those of organizations they govern")
async def list_workspaces(gateway: GatewayParts, principal: Viewer) -> WorkspacePage:
    """A key has one. A person has those they are a member of; admins of a home workspace see all of the organization (`role` null)."""
    if principal.user_id is None:
        return WorkspacePage(data=[_of_key(principal)], next_cursor=None)
    governed = [one for one in await belongings(gateway, principal) if one.governs]
    async with gateway.db.unit_of_work(user=principal.user_id, read_only=True) as tx:
        mine = [own_workspace(row) for row in await people_store.memberships_of(tx, principal.user_id)]
        known = {one.id for one in mine}
        for organization in governed:
            for row in await organization_store.workspaces_of(tx, organization.organization_id):
                if row["workspace_id"] not in known:
                    mine.append(
                        OwnWorkspace(
                            id=row["workspace_id"], organization_id=organization.organization_id, name=row["name"],
                            organization_name=organization.name, role=None, is_home=False,
                        )
                    )  # fmt: skip
    return WorkspacePage(data=mine, next_cursor=None)


@router.post(
    "/v1/workspaces",
    status_code=201,
    response_model=NewWorkspaceAnswer,
    summary="Make a workspace in the same organization, and an admin key for it, shown this once",
)
async def add_workspace(body: NewWorkspace, request: Request, gateway: GatewayParts, principal: Admin) -> Response:
    """A person who makes it becomes its first admin. A narrowed key makes none: it would get a key that is not.

    409 where the organization has as many workspaces as its plan allows (`workspaces_most`). A further workspace has no free use of the
    operator's keys of its own; it pays from its credit, which `POST /v1/credits/moves` brings.
    """
    check_may_grant(principal)
    organization_id = await or_answered(
        _own_organization(gateway, principal, body.organization_id), gateway=gateway, request=request, principal=principal
    )
    if isinstance(organization_id, Response):
        return organization_id
    founder = found.Founder(actor=principal.actor, user_id=principal.user_id, room=principal.workspace_id)

    async def work(tx: Tx) -> NewWorkspaceAnswer:
        made = await found.add_workspace(tx, founder, name=body.name, organization_id=organization_id, pepper=gateway.installation.pepper)
        return NewWorkspaceAnswer(id=made.workspace_id, organization_id=organization_id, name=body.name, api_key=made.key.text)

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/workspaces/{workspace_id}", response_model=WorkspaceAnswer, summary="A workspace's settings, and what its plan allows")
async def show_workspace(workspace_id: UUID, gateway: GatewayParts, principal: ViewerThere) -> WorkspaceAnswer:
    async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        return workspace_answer(*await settings_of(tx, workspace_id, plan=principal.workspace.plan))


@router.patch(
    "/v1/workspaces/{workspace_id}", response_model=WorkspaceAnswer, summary="Change a workspace's settings, everywhere within a second"
)
async def change(workspace_id: UUID, body: WorkspaceChange, gateway: GatewayParts, principal: AdminThere) -> WorkspaceAnswer:
    wanted = named_by(body, may_be_null={"rate_limit_per_minute", "token_limit_per_minute", "gate_evaluator_id"})
    if body.protected_labels is not None:
        wanted["protected_labels"] = sorted({parse_movable_label(one, param="protected_labels") for one in body.protected_labels})
    async with gateway.db.unit_of_work(workspace=workspace_id) as tx:
        await change_workspace(tx, principal, wanted)
    async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        return workspace_answer(*await settings_of(tx, workspace_id, plan=principal.workspace.plan))


async def _own_organization(gateway: Gateway, principal: Principal, wanted: UUID | None) -> UUID:
    """The organization that a new workspace joins: one in which the caller is an admin of some workspace."""
    if wanted is None or wanted == principal.organization_id:
        return principal.organization_id
    if any(one.organization_id == wanted and one.role >= Role.ADMIN for one in await memberships_of(gateway, principal)):
        return wanted
    raise NotFound("There is no organization of this id in which you are an admin.")


def _of_key(principal: Principal) -> OwnWorkspace:
    one = principal.workspace
    role = principal.role.name.lower()
    return OwnWorkspace.model_validate(
        {"id": one.workspace_id, "organization_id": one.organization_id, "name": one.name, "organization_name": one.organization_name,
         "role": role, "is_home": one.home_workspace_id == one.workspace_id}
    )  # fmt: skip
