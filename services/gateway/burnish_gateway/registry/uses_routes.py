"""What stands around a prompt: what it includes, what includes and runs it, what moving a label would change (PRODUCT P2, P8)."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.registry import archive_store, chain_uses_store, store, uses_store
from burnish_gateway.registry.effect_answers import AffectedAnswer, ExperimentOnLabel, affected_answer, experiments_on_label
from burnish_gateway.registry.lines import version_of
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.registry.snippet_effects import effects_of, users_of
from burnish_gateway.wire import json_response, make_router
from burnish_shared.slug import MAX_VERSION, parse_movable_label, parse_slug

router = make_router("prompts")


class UseAnswer(BaseModel):
    """`version` of the prompt includes `prompt` by `name`."""

    version: int
    name: str
    prompt: str


class IncludingVersion(BaseModel):
    """A served version that includes this prompt. `through`: the names on the way to it; one where it is included directly."""

    prompt: str
    version: int
    labels: list[str]
    through: list[str]


class RunningVersion(BaseModel):
    """A served version of a chain that runs this prompt, in these steps."""

    chain: str
    version: int
    labels: list[str]
    steps: list[str]


class UsesAnswer(BaseModel):
    """`uses`: what the served versions of the prompt include; `used_by`: the served versions of others that include it; `run_by`: the
    served versions of chains that run it.
    """

    slug: str
    uses: list[UseAnswer]
    used_by: list[IncludingVersion]
    run_by: list[RunningVersion]


class EffectsAnswer(BaseModel):
    """What would change. `refused`: the move would be, because some of these would be no prompts any more."""

    slug: str
    label: str
    version: int
    changed: list[AffectedAnswer]
    refused: bool
    experiments: list[ExperimentOnLabel] = Field(
        description="The newest five on the label's calls: they go on giving their arms to who takes part."
    )
    warnings: list[str] = Field(
        description="What of the version reaches no model, or less than it says, as when it is saved; the label moves all the same."
    )


@router.get("/v1/prompts/{slug}/uses", response_model=UsesAnswer, summary="What a prompt includes, and which prompts and chains use it")
async def uses(slug: str, principal: Viewer, gateway: GatewayParts) -> Response:
    """Versions are served that a label names or that are the newest of their prompt or chain; archived ones are left out."""
    name = parse_slug(slug)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        own = await uses_store.uses_of(tx, head.prompt)
        users = await users_of(tx, head.prompt)
        chains = await chain_uses_store.served_uses(tx, principal.workspace_id, name, label=None)
    return json_response(
        UsesAnswer(
            slug=name,
            uses=[UseAnswer(version=version, name=written, prompt=other) for version, written, other in own],
            used_by=[
                IncludingVersion(prompt=use.slug, version=use.version, labels=list(use.labels), through=list(way)) for use, way in users
            ],
            run_by=[RunningVersion(chain=one.slug, version=one.version, labels=list(one.labels), steps=list(one.steps)) for one in chains],
        )
    )


@router.get(
    "/v1/prompts/{slug}/labels/{label}/effects", response_model=EffectsAnswer, summary="Which prompts would change if a label moved"
)
async def effects(
    slug: str,
    label: str,
    principal: Viewer,
    gateway: GatewayParts,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION, description="To which; the newest where nothing is said.")] = None,
) -> Response:
    """Moves nothing. Of each prompt that includes this one by the label: the variables that it would ask for, or why it would break."""
    name, wanted = parse_slug(slug), parse_movable_label(label)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        head.named(label=wanted, version=None)  # by a label that is not there nobody includes it
        to = version or head.prompt.latest_version
        head.named(label=None, version=to)
        found = await effects_of(tx, head.prompt, wanted, version=to)
        warnings = await model_warnings(tx, (await version_of(tx, head.prompt, to)).content)
        experiments = experiments_on_label(await archive_store.experiments_on(tx, head.prompt, wanted))
    changed = [affected_answer(one) for one in found]
    refused = any(one.problem for one in changed)
    return json_response(
        EffectsAnswer(slug=name, label=wanted, version=to, changed=changed, refused=refused, experiments=experiments, warnings=warnings)
    )
