"""What a caller asks for, whichever route it came by, and the request that is made of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.execution.cache_choice import UNSAID, CacheSetting, cache_use, setting_of
from burnish_gateway.execution.known_parts import check_parts, why_unread
from burnish_gateway.execution.known_words import check_words, without_idle_words
from burnish_gateway.execution.messages import checked_messages
from burnish_gateway.execution.told_place import place_in, told_in
from burnish_gateway.models.known_tools import check_tools
from burnish_gateway.models.provider_extra import OPENAIS, UnsupportedParameter, checked_extra
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_shared.contracts.executions import CacheUse, Caller, ExecutionRequest, Fallback, Lane, PromptRef, Route, Routing
from burnish_shared.contracts.experiments import ExperimentPart
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import InvalidField, PayloadTooLarge
from burnish_shared.evaluation_hold import hold_nusd as most_of_call_nusd
from burnish_shared.hops import current_hops
from burnish_shared.money import MAX_AMOUNT_NUSD
from burnish_shared.prompt_settings import CAPS, DEFAULT_OUTPUT_TOKENS, SETTING_FIELDS, cap_of, with_overrides
from burnish_shared.tracing import valid

REQUEST_MOST_BYTES = 768 * 1024
"""More travels by claim-check (park.py)."""

PARKED_MOST_BYTES = 8 * 1024 * 1024
"""More is refused with 413 (PROMISES G-15)."""

CALLERS_PLACEHOLDER = "messages"

SETTINGS = frozenset({*SETTING_FIELDS, "user"})
"""What may be overridden for one call; each goes to the provider under its own name."""


@dataclass(frozen=True, slots=True)
class Group:
    """What messages without a prompt are grouped by, and the prompt that the group became, if it did."""

    key: str
    prompt: PromptRef | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A parsed request. At least one of `slug` and `messages`; with both, the prompt comes first. `deadline_s` from the moment it came.

    `fallback_models` None: the version's. `prompt_key`: what messages without a prompt are grouped by, in place of their instructions.
    `overrides` may hold `extra`, the provider's own fields in the format that is `spoken`; `beta`: the header `anthropic-beta`.
    `client_request_id`: what the caller calls it, once in the workspace.
    `overrides_at`: the field of the caller's body that holds them; "" where they stand beside the rest.
    `takes_part` False: whatever experiments run, the call gets what it names, as a line of a batch does.
    `said_as`: what the caller's body calls a field that is named otherwise here, for refusals.
    `called_as`: of functions that the caller's format knows as something else, how it tells calls of them.
    `cap_bends`: a cap above the model's limit counts as the limit, because the format wants one and clients fill in theirs.
    """

    slug: str | None = None
    label: str | None = None
    version: int | None = None
    messages: list[dict[str, Any]] | None = None
    model: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = False
    background: bool = False
    user_id: str | None = None
    session_id: str | None = None
    app: str | None = None
    client_request_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    deadline_s: float | None = None
    fallback_models: Sequence[str] | None = None
    requirements: Mapping[str, Any] | None = None
    cache: CacheSetting = UNSAID
    prompt_key: str | None = None
    spoken: Literal["openai", "anthropic"] = "openai"
    beta: str | None = None
    takes_part: bool = True
    overrides_at: str = ""
    said_as: Mapping[str, str] = field(default_factory=dict)
    cap_bends: bool = False
    previous_id: UUID | None = None
    is_kept: bool = True
    called_as: Mapping[str, dict[str, str]] = field(default_factory=dict)

    @property
    def may_be_stored(self) -> bool:
        """False where figures are kept of it, and no text: it says so, or (`is_kept`) the chain does of which it is a step."""
        return self.is_kept and may_be_stored(self.overrides)


def readable_later(order: Order) -> Order:
    """The same. Raises InvalidField for one in the background whose answer would not be there when somebody comes for it."""
    if order.background and not order.may_be_stored:
        param = f"{order.overrides_at}.extra.store"
        raise InvalidField(f"{param}: a background execution is read later, so its answer is kept; leave store: false out.", param=param)
    return order


def kept_here(order: Order, *, stores_text: bool, param: str) -> Order:
    """The same. Raises InvalidField for one in the background in a workspace that keeps no text: nobody would ever read what it cost.
    `param`: the field of the caller's body that says so.
    """
    if order.background and not stores_text:
        why = "this workspace keeps no text, so what is made in the background could not be read; wait for the answer instead"
        raise InvalidField(f"{param}: {why}.", param=param)
    return order


def may_be_stored(overrides: Mapping[str, Any]) -> bool:
    """False where a call says `store: false` as OpenAI's clients do."""
    extra = overrides.get("extra")
    return extra is None or not isinstance(extra, Mapping) or extra.get("store") is not False


def prepare(
    order: Order,
    *,
    execution_id: UUID,
    principal: Principal,
    version: ResolvedVersion | None,
    group: Group | None = None,
    facts: ModelFacts,
    route: Route,
    fallbacks: Sequence[tuple[ModelFacts, Route]] = (),
    routing: Routing | None = None,
    experiment: ExperimentPart | None = None,
    budget_account_ids: Sequence[int] = (),
    now: datetime,
    deadline_s: float,
    request_id: str,
    traceparent: str | None,
) -> ExecutionRequest:
    """The request for an executor, rendered, capped and priced. Raises MissingVariables, InvalidField, PayloadTooLarge."""
    messages = _readable(order, version, facts)
    settings, extra, held_nusd = _settled(order, version, messages, facts=facts, route=route)
    return ExecutionRequest(
        execution_id=execution_id,
        workspace_id=principal.workspace_id,
        lane=Lane.BACKGROUND if order.background else Lane.INTERACTIVE,
        fence=1,
        deadline_at=now + timedelta(seconds=deadline_s),
        hold_nusd=held_nusd,
        account_ids=[principal.workspace.credit_account_id, *budget_account_ids],
        prompt=_prompt(version, group),
        route=route,
        fallbacks=[
            fallback_of(order, version, messages, settings, extra=extra, facts=other, route=way, first=facts.context_tokens)
            for other, way in _told_all(order, messages, settings, fallbacks)
        ],
        routing=routing,
        messages=messages,
        variables=dict(order.variables),
        settings=settings,
        output_format=version.output_format if version else "text",
        output_checks=version.output_checks if version else None,
        stream=order.stream,
        timeout_s=_timeout_s(order, version, deadline_s=deadline_s),
        timeout_said=order.deadline_s is not None or timeout_said_s(version) is not None,
        retries=version.retries if version else None,
        retry_wait_most_s=version.retry_wait_most_s if version else None,
        caller=_caller(order, principal),
        store_content=principal.workspace.store_content and order.may_be_stored,
        request_id=request_id,
        traceparent=valid(traceparent),
        hops=current_hops(),
        sent_at=now,
        cache=_cache(order, version, principal, settings),
        cacheable_messages=version.cacheable_messages if version else 0,
        group_key=group.key if group else None,
        spoken=order.spoken,
        extra=extra,
        beta=order.beta,
        experiment=experiment,
    )


def _readable(order: Order, version: ResolvedVersion | None, facts: ModelFacts) -> list[dict[str, Any]]:
    """What this model is asked. Raises ModelUnsuitable too, where it sees no images or reads no such file."""
    messages = messages_of(order, version, model=facts.model)
    check_parts(messages, facts)
    return messages


def _settled(
    order: Order, version: ResolvedVersion | None, messages: list[dict[str, Any]], *, facts: ModelFacts, route: Route
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The settings, the provider's own fields beside them, and what the call can cost with both."""
    try:
        settings = _settings(order, version, facts)
        extra = _extra(order, version, settings, route)
        return settings, extra, hold_nusd(messages, settings, route, extra=extra)
    except (InvalidField, UnsupportedParameter) as error:
        place_in(error, order.overrides_at, order.overrides)
        raise


def extra_of(order: Order, version: ResolvedVersion | None) -> dict[str, Any]:
    """What the version says in the provider's own words, with the caller's over it, name by name; a null takes one away."""
    merged = {**(version.extra if version else {}), **(order.overrides.get("extra") or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _extra(order: Order, version: ResolvedVersion | None, settings: Mapping[str, Any], route: Route) -> dict[str, Any]:
    """The same, as far as it goes to this provider. Raises UnsupportedParameter and InvalidField, also for settings that it lacks."""
    check_tools(settings, route=route)
    check_words(settings, route=route)
    extra = extra_of(order, version)
    if not extra:
        return {}
    given: Mapping[str, Any] = order.overrides.get("extra") or {}
    own = extra.keys() - given.keys()
    with told_in("extra", own), told_in(f"{order.overrides_at}.extra" if order.overrides_at else "", given):
        checked = checked_extra(extra, route=route, spoken=order.spoken)
        for name in sorted(own - checked.keys() - OPENAIS):
            raise UnsupportedParameter(
                f"{name}: of the version, cannot be told to {route.model!r} by a call of this format; call it over another, or send null.",
                param=name,
            )
    return checked


def _cache(order: Order, version: ResolvedVersion | None, principal: Principal, settings: Mapping[str, Any]) -> CacheUse | None:
    if not order.may_be_stored:
        return None
    return cache_use(principal.workspace, call=order.cache, version=setting_of(version.cache if version else None), settings=settings)


def _caller(order: Order, principal: Principal) -> Caller:
    return Caller(
        user_id=order.user_id,
        session_id=order.session_id,
        app=order.app,
        client_request_id=order.client_request_id,
        metadata=dict(order.metadata),
        api_key_id=str(principal.api_key_id) if principal.api_key_id else None,
        previous_id=order.previous_id,
        called_as=dict(order.called_as),
    )


def _prompt(version: ResolvedVersion | None, group: Group | None) -> PromptRef | None:
    """What it counts for: the version that was asked for, or the prompt that its group became."""
    if version is None:
        return group.prompt if group else None
    return PromptRef(prompt_id=version.prompt_id, slug=version.slug, version=version.version, label=version.label)


def messages_of(order: Order, version: ResolvedVersion | None, *, model: str | None = None) -> list[dict[str, Any]]:
    """What the model is asked, rendered; by the version's text for this model where it has one. Raises MissingVariables.

    A caller's own messages go into the prompt's placeholder `messages` where it has one, else behind the prompt. Whatever way they came,
    what they are made of is looked at here: no executor takes them apart that has not been. Raises InvalidField, Unsupported too.
    """
    messages = _rendered(order, version, model=model)
    if version is not None and version.examples is not None:
        messages = version.examples.put_into(messages, order.variables)
    return checked_messages(messages)


def _rendered(order: Order, version: ResolvedVersion | None, *, model: str | None) -> list[dict[str, Any]]:
    own = list(order.messages or [])
    if version is None:
        return own
    template = version.template if model is None else version.text_for(model)
    if own and CALLERS_PLACEHOLDER in template.placeholders:
        return template.render({**order.variables, CALLERS_PLACEHOLDER: own}).messages
    return template.render(order.variables).messages + own


def timeout_said_s(version: ResolvedVersion | None) -> float | None:
    """How long the version lets one call of its model last, where it says so."""
    return None if version is None else version.record.content.spec.get("timeout_s")


def _timeout_s(order: Order, version: ResolvedVersion | None, *, deadline_s: float) -> float:
    """What the version says, else the caller's deadline; where neither says anything, what is usual for a version."""
    said = timeout_said_s(version)
    if said is not None:
        return said
    return deadline_s if version is None or order.deadline_s is not None else version.timeout_s


def checked_size(body: bytes) -> bytes:
    """Raises PayloadTooLarge for a request that nobody would execute."""
    if len(body) > PARKED_MOST_BYTES:
        raise PayloadTooLarge(f"The rendered request has {len(body)} bytes; at most {PARKED_MOST_BYTES} can be executed.")
    return body


def _settings(order: Order, version: ResolvedVersion | None, facts: ModelFacts) -> dict[str, Any]:
    """The version's settings with the caller's on top, and always a cap on the output, because the hold is counted by it."""
    unknown = sorted(set(order.overrides) - SETTINGS - {"extra"})
    if unknown:
        raise InvalidField(
            f"overrides.{unknown[0]}: not a setting; known are {', '.join(sorted(SETTINGS))}.", param=f"overrides.{unknown[0]}"
        )
    given = {name: value for name, value in order.overrides.items() if name != "extra"}
    settings = without_idle_words(with_overrides(version.settings if version else {}, given))
    name = next(iter(CAPS & settings.keys()), "max_tokens")
    asked = settings.get(name)
    if order.cap_bends and isinstance(asked, int) and asked > facts.output_tokens:
        asked = facts.output_tokens
    if asked is not None and (isinstance(asked, bool) or not isinstance(asked, int) or not 1 <= asked <= facts.output_tokens):
        raise InvalidField(f"{name}: must be a whole number from 1 to {facts.output_tokens}, the limit of {facts.model}.", param=name)
    settings[name] = asked or min(DEFAULT_OUTPUT_TOKENS, facts.output_tokens)
    return settings


def _told_all(
    order: Order, messages: list[dict[str, Any]], settings: Mapping[str, Any], fallbacks: Sequence[tuple[ModelFacts, Route]]
) -> list[tuple[ModelFacts, Route]]:
    """Without those that would be asked for something else than the first model, or cannot read its files and images.

    Raises InvalidField for one that the caller names.
    """
    kept: list[tuple[ModelFacts, Route]] = []
    for index, (facts, route) in enumerate(fallbacks):
        if (why := why_untold(settings, route=route) or why_unread(messages, facts)) is None:
            kept.append((facts, route))
        elif order.fallback_models is not None:
            raise InvalidField(f"fallback_models[{index}]: {why}", param=f"fallback_models[{index}]")
    return kept


def why_untold(settings: Mapping[str, Any], *, route: Route) -> str | None:
    """What of the settings this model cannot be told, in the words of the refusal; None where there is nothing."""
    try:
        check_tools(settings, route=route)
        check_words(settings, route=route)
    except (UnsupportedParameter, InvalidField) as refusal:
        return refusal.message
    return None


def fallback_of(
    order: Order,
    version: ResolvedVersion | None,
    messages: list[dict[str, Any]],
    settings: Mapping[str, Any],
    *,
    extra: Mapping[str, Any],
    facts: ModelFacts,
    route: Route,
    first: int,
) -> Fallback:
    """The same call of another model, with the version's text for that one where it has another than `messages`.

    `first`: how many tokens of input the first model takes.
    """
    if version is None or not version.variants:
        return fallback_to(messages, settings, extra=extra, facts=facts, route=route, first=first)
    own = messages_of(order, version, model=facts.model)
    fallback = fallback_to(own, settings, extra=extra, facts=facts, route=route, first=first)
    return fallback if own == messages else fallback.model_copy(update={"messages": own})


def fallback_to(
    messages: list[dict[str, Any]],
    settings: Mapping[str, Any],
    *,
    extra: Mapping[str, Any],
    facts: ModelFacts,
    route: Route,
    first: int,
) -> Fallback:
    """The same call of another model, with a cap that it allows."""
    name = cap_of(settings)
    output_tokens = min(settings[name], facts.output_tokens)
    return Fallback(
        route=route, hold_nusd=hold_nusd(messages, {**settings, name: output_tokens}, route, extra=extra), output_tokens=output_tokens,
        is_larger=facts.context_tokens > first,
    )  # fmt: skip


def hold_nusd(messages: list[dict[str, Any]], settings: Mapping[str, Any], route: Route, *, extra: Mapping[str, Any]) -> int:
    """What the call can cost at most. Raises InvalidField where that is more than anybody can hold."""
    amount = most_of_call_nusd(messages, settings, route, extra=extra)
    if amount > MAX_AMOUNT_NUSD:
        raise InvalidField("This call could cost more than a million dollars; lower max_tokens.", param="max_tokens")
    return amount
