"""What stands against a start, and what it will take: said before anybody gets anything of it (PRODUCT X1)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.experiments import settings_store
from burnish_gateway.experiments import traffic as past
from burnish_gateway.experiments.experiment import Experiment, PlannedArm
from burnish_gateway.experiments.forecast import SHARES, Forecast, behind_last, forecast, in_words
from burnish_gateway.experiments.past_spread import PastSpread, spread_of
from burnish_gateway.experiments.past_targeting import Targeted, targeted
from burnish_gateway.experiments.scored_arms import why_unscored
from burnish_gateway.experiments.traffic import Baseline, Traffic
from burnish_gateway.experiments.traffic_store import others_open
from burnish_gateway.models.bodies import AUTO
from burnish_gateway.registry.call_cost import MostOfACall, most_of_a_call
from burnish_gateway.registry.label_rules import check_may_name, rules_of
from burnish_gateway.registry.prompt import Head
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import BUCKETS
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, LabelProtected, NotFound, Unavailable
from burnish_shared.experiments.analysis import COST
from burnish_shared.experiments.contrast import KNOWS_DEAR
from burnish_shared.experiments.outlook import NOBODY_NEW
from burnish_shared.experiments.sample_size import Needed
from burnish_shared.money import credits_text
from burnish_shared.slug import parse_label

State = Literal["ok", "warning", "blocks"]

LONG_DAYS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `blocks`: it cannot start so."""

    name: str
    state: State
    message: str
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """`needed` None: it cannot be counted before, and the checks say why."""

    checks: tuple[Check, ...]
    traffic: Traffic
    baseline: Baseline
    needed: Needed | None
    effect: float | None

    @property
    def blocked(self) -> Check | None:
        return next((one for one in self.checks if one.state == "blocks"), None)


async def arm_problems(experiment: Experiment, *, gateway: Gateway, principal: Principal) -> list[Check]:
    """Whether each arm can be rendered and called as things stand, and asks for no more than the control. From memory, before any lock."""
    checks: list[Check] = []
    asked: dict[str, frozenset[str]] = {}
    for index, arm in enumerate(experiment.arms):
        label = arm.label or (experiment.label if arm.version is None else None)
        try:
            found = await gateway.catalog.in_use(principal.workspace_id, experiment.slug, label=label, version=arm.version)
            model = arm.model or found.model
            way = await gateway.models.route(principal.workspace, model) if model != AUTO else None
            if way is not None and arm.mode == "shadow":
                checks += _shadow_budget(experiment, arm, most_of_a_call(found, *way))
            asked[arm.arm] = frozenset(found.text_for(model).required)
        except Unavailable:
            raise
        except BurnishError as error:
            checks.append(Check("arms", "blocks", f"The arm '{arm.arm}' cannot answer: {error.message}", f"arms[{index}]"))
    known = asked.get(experiment.control.arm)
    for arm_name, variables in asked.items():
        if known is not None and (more := sorted(variables - known)):
            words = f"The arm '{arm_name}' needs {', '.join(more)}, which calls of '{experiment.control.arm}' need not give."
            checks.append(
                Check("variables", "warning", f"{words} Where it is missing, the label's version answers, outside the experiment.")
            )
    if all(one.name != "arms" for one in checks):
        checks.insert(0, Check("arms", "ok", "Every arm can be rendered and called."))
    return checks


def _shadow_budget(experiment: Experiment, arm: PlannedArm, copy: MostOfACall) -> list[Check]:
    """What is against a budget that not one copy of a call fits into: each is held for until it is answered. No more than a warning, as a
    caller may cap an answer."""
    budget_nusd = experiment.shadow_budget_nusd
    if budget_nusd is None or copy.cost_nusd <= budget_nusd:
        return []
    words = (
        f"The arm '{arm.arm}' answers nothing where callers cap no answer: for a copy of a call {credits_text(copy.cost_nusd)} credits or "
        f"more are held, and shadow_budget_nusd is {credits_text(budget_nusd)}. Raise it, or lower the most tokens of what answers."
    )
    return [Check("shadow_budget", "warning", words, "shadow_budget_nusd")]


def frozen(experiment: Experiment, head: Head) -> Experiment:
    """Labels as the versions that they name now; an arm that is a model alone has the version of the label. Raises NotFound."""

    def one(arm: PlannedArm) -> PlannedArm:
        if arm.version is not None:
            head.named(label=None, version=arm.version)
            return arm
        version, _ = head.named(label=parse_label(arm.label or experiment.label), version=None)
        return replace(arm, version=version)

    return replace(experiment, arms=tuple(one(arm) for arm in experiment.arms))


async def checklist(
    tx: Tx, experiment: Experiment, head: Head, before: Sequence[Check], *, clock: Clock, forecasts: bool = True
) -> tuple[Experiment, Checklist]:
    """The experiment with its arms frozen as far as they can be, and all that was looked at. `before`: `arm_problems`.

    `forecasts` False: without what it takes, which stands against no start and reads calls one by one while others wait for the prompt.
    """
    now, checks = clock.now(), list(before)
    if head.prompt.archived_at is not None:
        checks.append(Check("prompt", "blocks", f"The prompt '{experiment.slug}' is archived.", "prompt"))
    try:
        experiment = frozen(experiment, head)
    except NotFound as error:
        checks.append(Check("arms", "blocks", error.message, "arms"))
    placed = head.labels.get(experiment.label)
    checks.append(_label_check(experiment, placed.version if placed else None))
    checks += _same_arms(experiment)
    checks += await _approvals(tx, experiment, head)
    checks += _conflicts(experiment, await others_open(tx, experiment))
    checks += _allocation_checks(experiment)
    checks += _plan_checks(experiment)
    checks += await _scored_checks(tx, experiment)
    traffic = await past.traffic_of(tx, experiment, now=now)
    baseline = await past.baseline_of(tx, experiment, now=now)
    checks += _traffic_checks(experiment, traffic, baseline)
    if not forecasts:
        return experiment, Checklist(tuple(checks), traffic, baseline, None, None)
    spread = None if experiment.metric in SHARES else await spread_of(tx, experiment, now=now)
    if isinstance(spread, PastSpread):
        baseline = baseline.with_value(experiment.metric, spread.value, spread.observations)
    if experiment.metric == COST:
        checks += _dear_calls(spread.units if isinstance(spread, PastSpread) else 0)
    target = await targeted(tx, experiment, now=now)
    checks += _target_checks(experiment, traffic, target)
    held_out = (await settings_store.find(tx, experiment.workspace_id)).holdout_buckets / BUCKETS
    joins = (1 - held_out) * (1.0 if target is None else target.part)
    found = forecast(experiment, traffic, baseline, spread, joins=joins)
    checks.append(_sample_check(experiment, found, traffic))
    return experiment, Checklist(tuple(checks), traffic, baseline, found.needed, found.effect)


def _dear_calls(units: int) -> list[Check]:
    """What is against a decision by cost that knows little of how dear a call may be."""
    if units >= KNOWS_DEAR:
        return []
    words = (
        f"A cost that varied is known of {units:,} units in the last {past.DAYS} days, and {KNOWS_DEAR:,} would tell how often a call is "
        "dear. Dear calls that nobody saw are therefore counted on, and it decides later than the sample says."
    )
    return [Check("dear_calls", "warning", words)]


def refuse(found: Checklist) -> None:
    """Raises Conflict for the first thing that stands against a start; `details.checks` holds all that was looked at."""
    if (blocked := found.blocked) is not None:
        raise Conflict(
            f"{blocked.message} It cannot start so.", param=blocked.param or "experiment_id",
            details={"checks": [{"name": one.name, "state": one.state, "message": one.message} for one in found.checks]},
        )  # fmt: skip


def _label_check(experiment: Experiment, standing: int | None) -> Check:
    label, control = experiment.label, experiment.control
    if standing is None:
        return Check("label", "blocks", f"The label '{label}' is on no version: there are no calls that could take part.", "label")
    if control.version not in (None, standing):
        words = f"'{label}' names version {standing}, and the control is version {control.version}: who stays outside gets the former."
        return Check("label", "warning", words, "label")
    return Check("label", "ok", f"Calls of '{label}' take part that name neither a version nor a label.")


def _same_arms(experiment: Experiment) -> list[Check]:
    seen: dict[tuple[int | None, str | None], str] = {}
    for arm in experiment.live_arms:
        other = seen.setdefault((arm.version, arm.model), arm.arm)
        if other != arm.arm:
            words = f"'{other}' and '{arm.arm}' are the same version and model: an A/A test, which should end without a difference."
            return [Check("arms_differ", "warning", words, "arms")]
    return []


async def _approvals(tx: Tx, experiment: Experiment, head: Head) -> list[Check]:
    """What end users get in the place of a protected label needs what the label needs."""
    standing = head.labels.get(experiment.label)
    for arm in experiment.live_arms:
        if arm.version is None or (standing is not None and arm.version == standing.version):
            continue
        try:
            await check_may_name(tx, head.prompt, parse_label(experiment.label), version=arm.version)
        except LabelProtected as error:
            return [Check("approval", "blocks", f"The arm '{arm.arm}': {error.message}", "arms")]
    with_model = next((one for one in experiment.live_arms if one.model is not None and not one.is_control), None)
    if with_model is not None and experiment.label in (await rules_of(tx, experiment.workspace_id)).protected:
        words = (
            f"When '{with_model.arm}' wins, a version with {with_model.model} is saved for '{experiment.label}', which is protected: "
            "until that version is approved everybody gets the control again."
        )
        return [Check("approval", "warning", words, "arms")]
    return [Check("approval", "ok", "Nothing that the label protects stands against it.")]


def _conflicts(experiment: Experiment, others: Sequence[tuple[UUID, str, str | None]]) -> list[Check]:
    """Two experiments on the same calls need a namespace, so that no unit is in both."""
    for other_id, name, namespace in others:
        if namespace is None or namespace != experiment.namespace:
            words = (
                f"The experiment '{name}' ({other_id}) runs on the same calls. End it, or put both into one namespace from their start on."
            )
            return [Check("conflicts", "blocks", words, "namespace")]
    return [Check("conflicts", "ok", "No other experiment has these calls.")]


def _allocation_checks(experiment: Experiment) -> list[Check]:
    empty = [one.arm for one in experiment.live_arms if one.buckets == 0] if experiment.rollout is None else []
    if empty:
        return [Check("allocation", "blocks", f"The arm '{empty[0]}' has a share of 0, so nobody gets it.", "arms")]
    return []


def _plan_checks(experiment: Experiment) -> list[Check]:
    """A rule with an end that comes before every arm can have its least could only end with "not enough data"."""
    planned, least = experiment.settings.planned_units, experiment.settings.min_samples * len(experiment.live_arms)
    if experiment.rollout is None and experiment.method != "sequential" and planned is not None and planned < least:
        words = (
            f"{planned:,} units are planned in all arms together, and nothing is decided before each of the {len(experiment.live_arms)} "
            f"has {experiment.settings.min_samples:,}: plan {least:,} or more, or lower min_samples."
        )
        return [Check("planned_units", "blocks", words, "deciding.planned_units")]
    return []


async def _scored_checks(tx: Tx, experiment: Experiment) -> list[Check]:
    """Without scores nothing decides. A guardrail that no score comes for guards nothing, and keeps no ramp waiting."""
    checks = []
    why = await why_unscored(tx, experiment.metric, experiment.slug, experiment_id=experiment.experiment_id)
    if why:
        checks.append(Check("scores", "blocks", f"Scores decide it. {why}", "metric"))
    for one in experiment.guardrails:
        why = await why_unscored(tx, one.metric, experiment.slug, experiment_id=experiment.experiment_id)
        if why:
            checks.append(Check("scores", "warning", f"A guardrail will have no data that counts. {why}", "guardrails"))
    return checks


def _traffic_checks(experiment: Experiment, traffic: Traffic, baseline: Baseline) -> list[Check]:
    checks = []
    if not traffic.calls:
        words = f"'{experiment.slug}' had no call of '{experiment.label}' in {past.DAYS} days: nobody knows how long it takes."
        checks.append(Check("traffic", "warning", words))
    else:
        rate = f"{traffic.units_a_day:,.0f}" if traffic.units_a_day else "0"
        past_span = behind_last(traffic.days)
        if traffic.new_units is None:
            words = f"About {rate} units a day came in the last {past_span}."
        else:
            new = f"{traffic.units_a_day or 0:,.1f}".removesuffix(".0")
            words = f"{traffic.units:,} different units came in the last {past_span}; lately about {new} new ones a day."
        checks.append(Check("traffic", "ok", words))
    field = {"end_user": "user_id", "session": "session_id"}.get(experiment.unit)
    if traffic.calls and field and traffic.with_unit < 1:
        state: State = "warning" if traffic.with_unit > 0 else "blocks"
        words = f"{1 - traffic.with_unit:.0%} of the calls carry no {field}: they stay outside, and get what the label names."
        checks.append(Check("unit", state, words, "unit"))
    if traffic.calls and experiment.metric == "satisfaction" and "satisfaction" not in baseline.values:
        words = f"Nobody reacted to '{experiment.slug}' in {past.DAYS} days: without feedback there is no satisfaction to compare."
        checks.append(Check("feedback", "warning", words, "metric"))
    if any(one.metric == "latency_p95_ms" for one in experiment.guardrails) and baseline.p95_ms is None:
        few = f"Fewer than {past.LEAST_LATENCIES} answers in {past.DAYS} days"
        words = f"{few}: the guardrail on latency cannot say what is slow before shares change for the first time."
        checks.append(Check("latency", "warning", words, "guardrails"))
    return checks


def _target_checks(experiment: Experiment, traffic: Traffic, target: Targeted | None) -> list[Check]:
    if not experiment.targeting or not traffic.calls:
        return []
    if target is None:
        words = "How many calls meet the condition is not known beforehand: the records of calls do not tell. It may take longer."
        return [Check("targeting", "warning", words, "targeting")]
    seen = "the newest call" if target.calls == 1 else f"the newest {target.calls:,} calls"
    if not target.meet:
        words = f"None of {seen} meets the condition: nobody would take part."
        return [Check("targeting", "warning", words, "targeting")]
    return [Check("targeting", "ok", f"{target.meet / target.calls:.0%} of {seen} meet the condition.")]


def _sample_check(experiment: Experiment, found: Forecast, traffic: Traffic) -> Check:
    if found.needed is None:
        return Check("sample", "warning", in_words(experiment, found))
    planned = experiment.settings.planned_units
    if planned is not None and planned < found.needed.units:
        said = f"{planned:,} units are planned; {found.needed.units:,} are needed to find the effect in four of five cases."
        return Check("sample", "warning", said, "deciding.planned_units")
    days = found.needed.days
    if days is None and traffic.units and traffic.units_a_day == 0:
        said = f"{in_words(experiment, found)} {NOBODY_NEW}"
        return Check("sample", "warning", said)
    return Check("sample", "warning" if days is not None and days > LONG_DAYS else "ok", in_words(experiment, found))
