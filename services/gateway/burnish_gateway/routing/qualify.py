"""Which model `auto` chooses: the cheapest of those that meet what is asked, and why the others do not. Pure (PRODUCT E12)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from burnish_gateway.models.abilities import answers_chats, cites_files, fetches_files
from burnish_shared.contracts.executions import Route
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import InvalidField
from burnish_shared.providers import wire_of
from burnish_shared.tokens import Input

REASONS_MOST: Final = 100
"""Models whose reasons a refusal lists."""


class NoModelQualifies(InvalidField):
    """`auto` found no model that meets the requirements; `details` says of each why not."""

    code = "no_model_qualifies"


@dataclass(frozen=True, slots=True)
class Size:
    """How much a call reads and may write. `output_tokens` None: the caller named no cap. `answers`: several are asked for at once.

    `cap_bends`: a cap above a model's limit counts as the limit. `hour_writes`: some of what it reads is to be kept for an hour.
    """

    input: Input
    output_tokens: int | None
    default_output_tokens: int
    answers: int = 1
    cap_bends: bool = False
    hour_writes: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What is asked of a model for one call."""

    size: Size
    capabilities: frozenset[str] = frozenset()
    min_quality: float | None = None
    max_latency_ms: int | None = None
    max_cost_nusd: int | None = None
    use_case: str | None = None
    has_file_addresses: bool = False
    wants_citations: bool = False

    @classmethod
    def of(
        cls, said: Mapping[str, Any], size: Size, *, implied: frozenset[str] = frozenset(), use_case: str | None = None,
        has_file_addresses: bool = False, wants_citations: bool = False,
    ) -> Self:  # fmt: skip
        """`said`: requirements as somebody wrote them. `implied`: capabilities that the call itself needs, such as tools or images."""
        return cls(
            size=size,
            capabilities=frozenset(said.get("capabilities", ())) | implied,
            min_quality=said.get("min_quality"),
            max_latency_ms=said.get("max_latency_ms"),
            max_cost_nusd=said.get("max_cost_nusd"),
            use_case=said.get("use_case") or use_case,
            has_file_addresses=has_file_addresses,
            wants_citations=wants_citations,
        )

    def cap_of(self, facts: ModelFacts) -> int:
        """As much output as the call allows this model."""
        asked = self.size.output_tokens
        if asked and self.size.cap_bends:
            return min(asked, facts.output_tokens)
        return asked or min(self.size.default_output_tokens, facts.output_tokens)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that qualifies, and what the call can cost with it at most."""

    facts: ModelFacts
    route: Route
    cost_nusd: int


def reasons_against(facts: ModelFacts, need: Need, *, now: datetime) -> list[str]:
    """Why the model does not qualify, whatever it costs; empty where it does."""
    return [said for said in (*_of_abilities(facts, need), *_of_life(facts, now), *_of_scores(facts, need)) if said]


def _of_abilities(facts: ModelFacts, need: Need) -> list[str]:
    able = frozenset(facts.capabilities)
    said = []
    if not answers_chats(able):
        said.append("It makes embeddings and answers no chat.")
    if missing := need.capabilities - able:
        said.append(f"It lacks {', '.join(sorted(missing))}.")
    if need.size.answers > 1 and wire_of(facts.provider) == "anthropic":
        said.append("Its provider gives one answer a call.")
    if need.has_file_addresses and not fetches_files(facts):
        said.append("It cannot be sent the address of a file.")
    if need.wants_citations and not cites_files(facts):
        said.append("It cites no documents.")
    cap = need.cap_of(facts)
    if cap > facts.output_tokens:
        said.append(f"Its output ends at {facts.output_tokens} tokens; the call allows {cap}.")
    needed = need.size.input.tokens(facts.upstream_model) + cap
    if needed > facts.context_tokens:
        said.append(f"Its context holds {facts.context_tokens} tokens; the call may need {needed}.")
    return said


def _of_life(facts: ModelFacts, now: datetime) -> list[str]:
    if facts.deprecated_at is not None and facts.deprecated_at <= now:
        return [f"It is deprecated since {facts.deprecated_at:%Y-%m-%d}."]
    return [f"It ended on {facts.sunset_at:%Y-%m-%d}."] if facts.sunset_at is not None and facts.sunset_at <= now else []


def _of_scores(facts: ModelFacts, need: Need) -> list[str]:
    said = []
    if need.min_quality is not None and (facts.quality_score is None or facts.quality_score < need.min_quality):
        said.append(f"Its quality is {_told(facts.quality_score)}; {need.min_quality:g} is asked.")
    if need.max_latency_ms is not None and (facts.latency_ms is None or facts.latency_ms > need.max_latency_ms):
        said.append(f"Its latency is {_told(facts.latency_ms, unit=' ms')}; {need.max_latency_ms} at most is asked.")
    return said


def _told(score: float | int | None, *, unit: str = "") -> str:
    return "not known" if score is None else f"{score:g}{unit}"


def ranked(choices: Sequence[Choice], *, use_case: str | None) -> list[Choice]:
    """Preferred ones first, then the cheapest, then by priority, then by name."""
    return sorted(choices, key=_order_for(use_case))


def _order_for(use_case: str | None) -> Callable[[Choice], tuple[bool, int, int, str]]:
    def order(choice: Choice) -> tuple[bool, int, int, str]:
        facts = choice.facts
        return use_case not in facts.preferred_for, choice.cost_nusd, facts.priority, facts.model

    return order


def none_qualifies(because: Mapping[str, Sequence[str]]) -> NoModelQualifies:
    """The refusal, with the reasons by model."""
    listed = [{"model": model, "because": list(reasons)} for model, reasons in list(because.items())[:REASONS_MOST]]
    if not listed:
        return NoModelQualifies("model: this workspace has no model that 'auto' could choose; add one with POST /v1/models.", param="model")
    first = listed[0]
    return NoModelQualifies(
        f"model: none of {len(because)} models meets the requirements. {first['model']}: {' '.join(first['because'])} "
        "`details.models` says why of each.",
        param="model",
        details={"models": listed},
    )
