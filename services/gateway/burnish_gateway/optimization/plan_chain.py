"""A chain that is tested, or one step of which is optimized: what it is, what its steps run now, and whether they can be tried."""

from dataclasses import dataclass
from typing import Any

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import store as chains_store
from burnish_gateway.chains.chain import ChainHead, ChainVersion, no_such_chain
from burnish_gateway.models.bodies import AUTO
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.optimization.forecast import Sizes, Stepping
from burnish_gateway.optimization.prices import price_of
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.prompt import check_not_archived, no_such_prompt
from burnish_shared.chains.form import Call, Chain, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.chains.variables import variables_of_item
from burnish_shared.contracts.searches import ChainPlace, ChainPrompt, ChainSearch, TestedChain
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, MissingVariables
from burnish_shared.prompt_settings import CAPS, with_overrides
from burnish_shared.slug import LATEST, PRODUCTION, Label, PromptName, Slug, parse_label, parse_slug


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """`base_version`: of the prompt that is searched, as the step runs it now, unless another was asked for. `model`: the step's own.

    `steps`: the others, for the forecast.
    """

    chain: Chain
    search: ChainSearch
    base_version: int
    model: str | None
    steps: list[Stepping]

    def check_fit(self, given: Any) -> None:
        """Raises InvalidField where the items of a dataset are no variables of the chain."""
        check_items_fit(self.chain, given)


@dataclass(frozen=True, slots=True)
class WholeChain:
    """A chain that a test run takes as it stands now. `steps`: for the forecast."""

    chain: Chain
    tested: TestedChain
    steps: list[Stepping]


def check_items_fit(chain: Chain, given: Any) -> None:
    """Raises InvalidField where an item's input is no variables of the chain."""
    try:
        variables_of_item(chain, given)
    except (InvalidField, MissingVariables) as error:
        raise InvalidField(f"The items do not fit the chain: {error.message}", param="dataset_id") from None


async def plan_whole_chain(tx: Tx, principal: Principal, name: str, *, version: int | None, label: str | None) -> WholeChain:
    """The version that is named (production, else the newest, where none is), and what its steps run now.

    Raises NotFound, Conflict for what is archived, InvalidField for a step that no evaluation can ask.
    """
    slug = parse_slug(name, param="chain")
    head, found = await _chain(tx, principal, slug, version=version, label=None if label is None else parse_label(label))
    chain = read_chain(found.content)
    calls = _calls(chain)
    _check_extra(calls, param="chain")
    prompts: dict[str, ChainPrompt] = {}
    steps: list[Stepping] = []
    for step, call in calls.items():
        prompts[step], fields = await _step(tx, principal, call, version=None)
        price = await price_of(tx, principal, prompts[step].model, param=f"chain.steps.{step}", asked=fields)
        steps.append(Stepping(Sizes.of(fields, longest_input=""), price))
    tested = TestedChain(chain_id=head.chain_id, slug=slug, version=found.version, form=dict(found.content), prompts=prompts)
    return WholeChain(chain, tested, steps)


async def plan_chain(tx: Tx, principal: Principal, place: ChainPlace, *, body: OptimizationBody) -> ChainPlan:
    """As it stands now. Raises NotFound, Conflict for what is archived, InvalidField naming what does not fit."""
    slug = parse_slug(place.slug, param="chain.slug")
    head, version = await _chain(tx, principal, slug, version=place.version, label=None, at="chain.")
    chain = read_chain(version.content)
    calls = _calls(chain)
    own = _check_step(calls, place, body=body, slug=slug)
    prompts: dict[str, ChainPrompt] = {}
    steps: list[Stepping] = []
    for name, call in calls.items():
        is_own = name == place.step
        prompts[name], fields = await _step(tx, principal, call, version=body.version if is_own else None)
        if not is_own:
            price = await price_of(tx, principal, prompts[name].model, param=f"chain.steps.{name}", asked=fields)
            steps.append(Stepping(Sizes.of(fields, longest_input=""), price))
    _check_task(body.models.task, own, called=prompts[place.step].model, step=place.step)
    search = ChainSearch(
        chain_id=head.chain_id, slug=slug, version=version.version, step=place.step, form=dict(version.content), prompts=prompts
    )  # fmt: skip
    return ChainPlan(chain, search, prompts[place.step].version, own.model, steps)


async def _chain(
    tx: Tx, principal: Principal, slug: Slug, *, version: int | None, label: Label | None, at: str = ""
) -> tuple[ChainHead, ChainVersion]:
    """`at`: what stands before the names of fields in the request."""
    head = await chains_store.find_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_chain(slug, at=at)
    if version is None and label is None:
        label = PRODUCTION if PRODUCTION in head.labels else LATEST
    if version is not None and version > head.latest_version:
        raise no_such_chain(slug, version=version, at=at)
    number, _ = head.named(label=label, version=version)
    found = await chains_store.find_version(tx, principal.workspace_id, head.chain_id, number)
    if found is None:
        raise no_such_chain(slug, version=number, at=at)
    if head.archived_at is not None:
        raise Conflict(f"The chain '{slug}' is archived; it cannot be run.", param=f"{at}slug" if at else "chain")
    return head, found


def _calls(chain: Chain) -> dict[str, Call]:
    return {step.id: step.does for step in all_steps(chain.steps) if isinstance(step.does, Call)}


def _check_extra(calls: dict[str, Call], *, param: str) -> None:
    for name, call in calls.items():
        if call.overrides.get("extra"):
            raise InvalidField(
                f"chain: the step {name!r} sends fields of the provider's own format (overrides.extra), which an evaluation does not send.",
                param=param,
            )


def _check_step(calls: dict[str, Call], place: ChainPlace, *, body: OptimizationBody, slug: str) -> Call:
    """The step that is tried. Raises InvalidField."""
    own = calls.get(place.step)
    if own is None:
        known = ", ".join(calls) or "none"
        raise InvalidField(
            f"chain.step: the chain '{slug}' has no step {place.step!r} that runs a prompt; those that do: {known}.",
            param="chain.step",
        )
    if own.prompt.slug != parse_slug(body.prompt, param="prompt"):
        raise InvalidField(f"prompt: the step {place.step!r} of the chain '{slug}' runs the prompt '{own.prompt.slug}'.", param="prompt")
    _check_extra(calls, param="chain.slug")
    _check_runs_once(calls, place, slug=slug)
    fixed = {name for name, value in own.overrides.items() if value is not None} | ({"model"} if own.model is not None else set())
    fixed |= CAPS if fixed & CAPS else set()
    for name in body.settings.space if body.settings else ():
        if name in fixed:
            raise InvalidField(
                f"settings.space: the step {place.step!r} of the chain sets {name} itself, whatever the version says.",
                param=f"settings.space.{name}",
            )
    return own


def _check_task(task: str | None, own: Call, *, called: str, step: str) -> None:
    """Raises InvalidField where what is measured would be served with another model. Where routing chooses it, one has to be named."""
    if task is None or called in (task, AUTO):
        return
    whose = f"{called} itself, whatever the version says" if own.model is not None else f"{called}, the model of the version that it runs"
    raise InvalidField(
        f"models.task: the step {step!r} of the chain calls {whose}; a gain with another model would not be served. Leave it out.",
        param="models.task",
    )


def _check_runs_once(calls: dict[str, Call], place: ChainPlace, *, slug: str) -> None:
    """Raises InvalidField where what is accepted would be served in another step too, in which nobody tried it."""
    own = calls[place.step].prompt
    follows = None if own.version is not None else own.label or PRODUCTION
    for name, call in calls.items():
        one = call.prompt
        if name == place.step or one.slug != own.slug or one.version is not None:
            continue
        label = one.label or PRODUCTION
        if label in (follows, LATEST):
            raise InvalidField(
                f"chain.step: the step {name!r} of the chain '{slug}' runs '{one.slug}@{label}' too, and would get what is proven for "
                f"{place.step!r} alone; let it name a version, or a label of its own.",
                param="chain.step",
            )


async def _step(tx: Tx, principal: Principal, call: Call, *, version: int | None) -> tuple[ChainPrompt, dict[str, Any]]:
    """What a step runs now, with its settings. `version`: in the place of the one that it names. Raises NotFound, Conflict."""
    asked = call.prompt if version is None else PromptName(call.prompt.slug, version=version)
    head = await prompts_store.find_head(tx, principal.workspace_id, asked.slug)
    if head is None:
        raise no_such_prompt(asked.slug)
    check_not_archived(head.prompt)
    number, _ = head.named(label=asked.label, version=asked.version)
    found = await prompts_store.find_version(tx, principal.workspace_id, head.prompt.prompt_id, number)
    if found is None:
        raise no_such_prompt(asked.slug, version=number)
    prompt = ChainPrompt(
        prompt_id=head.prompt.prompt_id, slug=asked.slug, version=number, model=call.model or found.content.model
    )  # fmt: skip
    return prompt, with_overrides(found.content.fields(), call.overrides)
