"""Chooses the version and the model of a call where the caller left them open: by rules, then by `auto` (PRODUCT E12)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.known_parts import asked_by, check_parts, has_file_addresses, wants_citations
from burnish_gateway.execution.order import Order, extra_of, messages_of
from burnish_gateway.models.bodies import AUTO
from burnish_gateway.models.book import CANNOT_BE_CALLED
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.routing.policy import Policies, Rule, applying
from burnish_gateway.routing.qualify import Choice, Need, NoModelQualifies, Size, none_qualifies, ranked, reasons_against
from burnish_shared.contracts.executions import Route, Routing
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import BurnishError, Conflict, InvalidField, NotFound
from burnish_shared.evaluation_hold import keeps_for_hour
from burnish_shared.guarding.language import language_of
from burnish_shared.guarding.texts import text_of
from burnish_shared.pricing import most_nusd
from burnish_shared.prompt_settings import DEFAULT_OUTPUT_TOKENS, FALLBACKS_MOST, cap_of, with_overrides
from burnish_shared.sandbox.outcome import Plain
from burnish_shared.tokens import input_of, tokens_in_messages, tokens_in_text


@dataclass(frozen=True, slots=True)
class Way:
    """What a call is made with. `others`: what `auto` falls back to, the next cheapest first; None: it did not choose."""

    version: ResolvedVersion | None
    facts: ModelFacts
    route: Route
    others: tuple[str, ...] | None = None
    routing: Routing | None = None


async def choose_way(order: Order, version: ResolvedVersion | None, *, gateway: Gateway, principal: Principal) -> Way:
    """`version`: the one that the order names. Raises InvalidField, ModelNotFound, PriceUnknown, NoProviderKey, NoModelQualifies.

    Costs a look into memory where nobody made rules and a model is named.
    """
    policies = await gateway.routing.of(principal.workspace_id)
    rules = policies.rules_for(version.slug if version else None)
    if rules:
        way = await _by_rule(order, version, rules, policies=policies, gateway=gateway, principal=principal)
        if way is not None:
            return way
    model = order.model or (version.model if version else None)
    if model is None:
        raise InvalidField("model: is needed where no prompt is named.", param="model")
    return await _with_model(model, order, version, policies=policies, gateway=gateway, principal=principal)


async def _by_rule(
    order: Order, version: ResolvedVersion | None, rules: Sequence[Rule], *, policies: Policies, gateway: Gateway, principal: Principal
) -> Way | None:
    """None where no rule applies. A rule that names what is not there, or cannot be called, is passed over.

    So is one that would put what nobody approved in the place of a protected label.
    """
    names, left = Words(words_of(order, version)), list(rules)
    may_model, may_version = order.model in (None, AUTO), version is not None and order.version is None
    while (rule := applying(left, names, may_choose_model=may_model, may_choose_version=may_version, of=len(rules))) is not None:
        left = left[left.index(rule) + 1 :]
        chosen = version
        try:
            if rule.model is None and version is not None:
                chosen = await gateway.catalog.in_use(principal.workspace_id, version.slug, label=rule.label, version=rule.version)
                if not policies.may_stand_in(chosen.slug, version=chosen.version, label=chosen.label, asked=version.label):
                    continue
            model = rule.model or order.model or (chosen.model if chosen else AUTO)
            routing = Routing(rule=rule.name, prompt=rule.prompt)
            return await _with_model(model, order, chosen, policies=policies, gateway=gateway, principal=principal, routing=routing)
        except (Conflict, NotFound, NoModelQualifies, *CANNOT_BE_CALLED):
            continue
    return None


async def _with_model(
    model: str, order: Order, version: ResolvedVersion | None, *, policies: Policies, gateway: Gateway, principal: Principal,
    routing: Routing | None = None,
) -> Way:  # fmt: skip
    if model != AUTO:
        facts, route = await gateway.models.route(principal.workspace, model)
        check_parts(order.messages or (), facts)  # here, so that a rule which names it is passed over
        return Way(version, facts, route, routing=routing)
    first, *others = choices = await choose_models(order, version, policies=policies, gateway=gateway, principal=principal)
    told = (routing or Routing()).model_copy(update={"auto": True, "considered": len(choices)})
    return Way(version, first.facts, first.route, tuple(one.facts.model for one in others[:FALLBACKS_MOST]), told)


async def choose_models(
    order: Order, version: ResolvedVersion | None, *, policies: Policies, gateway: Gateway, principal: Principal
) -> list[Choice]:
    """Every model that qualifies, the best first. Raises NoModelQualifies with the reasons of each, MissingVariables."""
    use_case = None
    if version is not None:
        head, _ = await gateway.catalog.find(principal.workspace_id, version.slug, version=version.version)
        use_case = head.prompt.use_case or None
    need, now = _need(order, version, policies, use_case=use_case), gateway.clock.now()
    choices: list[Choice] = []
    because: dict[str, list[str]] = {}
    callable_real = False
    for facts in await gateway.models.every(principal.workspace_id):
        against = reasons_against(facts, need, now=now)
        try:
            route = await gateway.models.route_of(principal.workspace, facts)
        except CANNOT_BE_CALLED as error:
            because[facts.model] = [*against, error.message]
            continue
        callable_real = callable_real or not facts.simulated
        cost_nusd = _cost_nusd(need, facts, route)
        if need.max_cost_nusd is not None and cost_nusd > need.max_cost_nusd:
            against.append(f"The call could cost {cost_nusd} nano-dollars; {need.max_cost_nusd} at most is asked.")
        if against:
            because[facts.model] = against
        else:
            choices.append(Choice(facts, route, cost_nusd))
    if callable_real:
        because |= {one.facts.model: ["It is a toy; real models can be called."] for one in choices if one.facts.simulated}
        choices = [one for one in choices if not one.facts.simulated]
    if not choices:
        raise none_qualifies(because)
    return ranked(choices, use_case=need.use_case)


def _cost_nusd(need: Need, facts: ModelFacts, route: Route) -> int:
    """What this call can cost at most: the figure that it would be held for."""
    markup_percent = route.markup_percent if route.keys == "platform" else 0
    return most_nusd(
        route.price,
        input_tokens=need.size.input.tokens(route.upstream_model),
        output_tokens=need.cap_of(facts) * need.size.answers,
        markup_percent=markup_percent,
        hour_writes=need.size.hour_writes,
    )


def _need(order: Order, version: ResolvedVersion | None, policies: Policies, *, use_case: str | None) -> Need:
    """Requirements of the call, else of the version, else of the workspace; and what the call cannot do without."""
    settings = with_overrides(version.settings if version else {}, order.overrides)
    messages = messages_of(order, version)
    cap = settings.get(cap_of(settings))
    extra = extra_of(order, version)
    size = Size(
        input_of(messages, settings, extra=extra), cap if isinstance(cap, int) else None, DEFAULT_OUTPUT_TOKENS, settings.get("n") or 1,
        order.cap_bends, keeps_for_hour(messages, settings, extra=extra),
    )  # fmt: skip
    said = order.requirements
    if said is None:
        said = version.requirements if version is not None and version.requirements is not None else policies.requirements
    implied = {"tools"} if settings.get("tools") else set()
    return Need.of(
        said,
        size,
        implied=asked_by(messages) | implied,
        use_case=use_case,
        has_file_addresses=has_file_addresses(messages),
        wants_citations=wants_citations(messages),
    )


class Words(Mapping[str, Plain]):
    """What conditions speak of; each is made when a condition first asks for it."""

    def __init__(self, makers: Mapping[str, Callable[[], Plain]]) -> None:
        self._makers = makers
        self._made: dict[str, Plain] = {}

    def __getitem__(self, name: str) -> Plain:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def words_of(order: Order, version: ResolvedVersion | None) -> dict[str, Callable[[], Plain]]:
    """What conditions may speak of, as far as this call has it."""
    return {
        "variables": lambda: dict(order.variables),
        "metadata": lambda: dict(order.metadata),
        "input_tokens": lambda: _input_tokens(order, version),
        "language": lambda: language_of("\n".join(_said_by_caller(order))),
        "prompt": lambda: version.slug if version else None,
        "version": lambda: version.version if version else None,
        "label": lambda: version.label if version else None,
        "model": lambda: order.model or (version.model if version else None),
        "user_id": lambda: order.user_id,
        "session_id": lambda: order.session_id,
        "app": lambda: order.app,
        "stream": lambda: order.stream,
        "background": lambda: order.background,
    }


def _input_tokens(order: Order, version: ResolvedVersion | None) -> int:
    """Of the version that the call names; where it cannot be rendered, of what the caller gave."""
    try:
        return tokens_in_messages(messages_of(order, version))
    except BurnishError:
        return tokens_in_text(str(order.variables)) + tokens_in_messages(order.messages or [])


def _said_by_caller(order: Order) -> Iterator[str]:
    """Texts of the caller's own: variables, and messages that are no instructions."""
    yield from (value for value in order.variables.values() if isinstance(value, str))
    yield from (text_of(message) for message in order.messages or [] if message.get("role") in ("user", "assistant"))
