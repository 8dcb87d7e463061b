"""What a test run or a job will probably cost, and what is set aside for it. Pure; credits are only spent as used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from burnish_gateway.optimization.given_tokens import tokens_of_given
from burnish_shared.contracts.evaluators import EvaluatorSettings, Jury, LlmJudge, Pairwise
from burnish_shared.contracts.executions import Price, Usage
from burnish_shared.contracts.searches import Method, Search
from burnish_shared.pricing import most_nusd, plain_cost_nusd
from burnish_shared.prompt_settings import cap_of
from burnish_shared.tokens import tokens_in_text

IN_FLIGHT: Final = 64
"""So many evaluations of a job are held for at once (DESIGN 4.3)."""

OUTPUT_TOKENS_USUAL: Final = 100
"""Taken for an answer, unless the dataset expects longer ones."""

OUTPUT_TOKENS_CAP: Final = 4096
"""Held for where the version names no cap (PROMISES 5.4)."""

GROWTH: Final = 3
"""A prompt that edits have been added to is about so many times as long (measured on support_routing: 2.4)."""

PROPOSING: Final[tuple[Method, ...]] = ("racing", "reflective", "semantic", "learned")
"""Methods that ask a model for texts; the others pay for evaluations alone."""

EVALUATIONS_PER_PROPOSAL: Final = 8
REFLECTION_CASES: Final = 36
REFLECTION_OUTPUT_TOKENS: Final = 500
INSTRUCTION_TOKENS: Final = 300
"""What a judge is told beside the rubric (burnish_shared/evaluators/judging.py)."""

JUDGEMENT_TOKENS_USUAL: Final = 150
JUDGEMENT_TOKENS_CAP: Final = 500

EXTRA_TOKENS: Final = 60
"""Roles, separators, JSON around a case."""

EXAMPLE_TOKENS: Final = 5
"""What stands around an example in a prompt."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Measured in tokens, counted by length. `expected_tokens`: of the longest answer that an item expects."""

    prompt_tokens: int
    item_tokens: int
    output_cap: int
    expected_tokens: int = 0

    @classmethod
    def of(cls, content: Mapping[str, Any], *, longest_input: str, longest_expected: str = "") -> "Sizes":
        """With the longest of its texts where models have their own, and the longest examples that it puts into a call."""
        texts = [content["messages"], *(variant["messages"] for variant in content.get("variants") or ())]
        prompt = max(sum(tokens_of_given(str(message.get("content") or "")) for message in messages) for messages in texts)
        examples: Mapping[str, Any] = content.get("examples") or {}
        pool = sorted((_tokens_of_example(one) for one in examples.get("pool") or ()), reverse=True)
        cap = int(content.get(cap_of(content)) or OUTPUT_TOKENS_CAP)
        return cls(
            prompt + sum(pool[: int(examples.get("count") or 0)]), tokens_of_given(longest_input), cap, tokens_in_text(longest_expected)
        )

    @property
    def answer_tokens(self) -> int:
        return min(max(OUTPUT_TOKENS_USUAL, self.expected_tokens), self.output_cap)

    def of_candidates(self, search: Search, *, method: Method) -> "Sizes":
        """With a prompt and answers as long as they become in such a search."""
        prompt, cap = self.prompt_tokens, self.output_cap
        match method:
            case "few_shot":
                shown = search.few_shot.examples if search.few_shot else 0
                prompt += shown * (self.item_tokens + self.expected_tokens + EXAMPLE_TOKENS)
            case "manual":
                prompt += max((tokens_in_text(text) for text in search.manual.candidates), default=0) if search.manual else 0
            case "settings":
                cap = max([cap, *(search.settings.space.get("max_tokens", []) if search.settings else [])])
            case "compression":
                pass
            case _:
                prompt *= GROWTH
        return replace(self, prompt_tokens=prompt, output_cap=cap)


@dataclass(frozen=True, slots=True)
class Judging:
    """One judge of an evaluator: `calls` for each answer, with a rubric, at a price."""

    calls: int
    rubric_tokens: int
    output_cap: int
    price: Price

    @classmethod
    def of(cls, settings: EvaluatorSettings, *, price: Price) -> "Judging":
        rubric = settings.rubric if isinstance(settings, LlmJudge | Jury | Pairwise) else ""
        cap = settings.max_tokens if isinstance(settings, LlmJudge | Jury | Pairwise) else JUDGEMENT_TOKENS_CAP
        return cls(2 if isinstance(settings, Pairwise) else 1, tokens_in_text(rubric) + INSTRUCTION_TOKENS, cap, price)

    def input_tokens(self, sizes: Sizes) -> int:
        return self.rubric_tokens + sizes.item_tokens + 3 * max(OUTPUT_TOKENS_USUAL, sizes.expected_tokens)


@dataclass(frozen=True, slots=True)
class Forecast:
    """`expected_nusd`: a guess from above; `aside_nusd`: with the holds of what is on its way at once."""

    evaluations: int
    expected_nusd: int
    aside_nusd: int


def forecast_test_run(sizes: Sizes, *, evaluations: int, price: Price) -> Forecast:
    each, hold = _evaluation_nusd(sizes, price), _hold_nusd(sizes, price)
    expected = each * evaluations
    return Forecast(evaluations, expected, max(1, expected + hold * min(IN_FLIGHT, evaluations)))


def with_judges(forecast: Forecast, sizes: Sizes, judges: Sequence[Judging]) -> Forecast:
    """The same with what evaluators ask of each answer."""
    if not judges:
        return forecast
    each = holds = 0
    for one in judges:
        given = one.input_tokens(sizes)
        each += one.calls * _usual_nusd(one.price, given, JUDGEMENT_TOKENS_USUAL)
        holds = max(holds, most_nusd(one.price, input_tokens=given, output_tokens=one.output_cap))
    expected = forecast.expected_nusd + each * forecast.evaluations
    aside = forecast.aside_nusd + each * forecast.evaluations + holds * min(IN_FLIGHT, forecast.evaluations)
    return Forecast(forecast.evaluations, expected, aside)


@dataclass(frozen=True, slots=True)
class Stepping:
    """Another step of a chain that each evaluation runs. Its texts grow by the answers before it, so it is taken for longer than it is."""

    sizes: Sizes
    price: Price

    def each_nusd(self, sizes: Sizes, *, steps: int) -> int:
        """`sizes`: of the prompt that is searched, for the length of an item."""
        answer = min(max(OUTPUT_TOKENS_USUAL, sizes.expected_tokens), self.sizes.output_cap)
        return _usual_nusd(self.price, self._input_tokens(sizes, steps=steps), answer)

    def hold_nusd(self, sizes: Sizes, *, steps: int) -> int:
        """What one on its way holds at most."""
        return most_nusd(self.price, input_tokens=self._input_tokens(sizes, steps=steps), output_tokens=self.sizes.output_cap)

    def _input_tokens(self, sizes: Sizes, *, steps: int) -> int:
        return self.sizes.prompt_tokens + sizes.item_tokens + steps * OUTPUT_TOKENS_USUAL + EXTRA_TOKENS


def with_steps(forecast: Forecast, sizes: Sizes, steps: Sequence[Stepping]) -> Forecast:
    """The same with the other steps of a chain, each as if nothing of it were known before."""
    if not steps:
        return forecast
    each = sum(one.each_nusd(sizes, steps=len(steps)) for one in steps) * forecast.evaluations
    holds = max(one.hold_nusd(sizes, steps=len(steps)) for one in steps) * min(IN_FLIGHT, forecast.evaluations)
    return Forecast(forecast.evaluations, forecast.expected_nusd + each, forecast.aside_nusd + each + holds)


def forecast_job(sizes: Sizes, *, evaluations: int, task: Price, reflect: Price | None) -> Forecast:
    """`sizes`: of its candidates. With `reflect` a model proposes, once for every eighth evaluation."""
    expected, hold = evaluations * _evaluation_nusd(sizes, task), _hold_nusd(sizes, task)
    if reflect is not None:
        shown = sizes.prompt_tokens + REFLECTION_CASES * (sizes.item_tokens + EXTRA_TOKENS)
        proposal = _usual_nusd(reflect, shown, REFLECTION_OUTPUT_TOKENS)
        expected, hold = expected + (evaluations // EVALUATIONS_PER_PROPOSAL + 1) * proposal, max(hold, proposal)
    return Forecast(evaluations, expected, max(1, expected + IN_FLIGHT * hold))


def least_nusd(sizes: Sizes, *, evaluations: int, task: Price, steps: Sequence[Stepping] = ()) -> int:
    """What so many evaluations of candidates probably cost, with room for one on its way; no proposals. A guess from above."""
    others = sum(one.each_nusd(sizes, steps=len(steps)) for one in steps)
    holds = max((one.hold_nusd(sizes, steps=len(steps)) for one in steps), default=0)
    return evaluations * (_evaluation_nusd(sizes, task) + others) + max(_hold_nusd(sizes, task), holds)


def _tokens_of_example(example: Mapping[str, Any]) -> int:
    return tokens_in_text(str(example.get("input") or "")) + tokens_in_text(str(example.get("expected") or "")) + EXAMPLE_TOKENS


def _evaluation_nusd(sizes: Sizes, price: Price) -> int:
    return _usual_nusd(price, sizes.prompt_tokens + sizes.item_tokens + EXTRA_TOKENS, sizes.answer_tokens)


def _hold_nusd(sizes: Sizes, price: Price) -> int:
    return most_nusd(price, input_tokens=sizes.prompt_tokens + sizes.item_tokens + EXTRA_TOKENS, output_tokens=sizes.output_cap)


def _usual_nusd(price: Price, input_tokens: int, output_tokens: int) -> int:
    return plain_cost_nusd(Usage(input_tokens=input_tokens, output_tokens=output_tokens, source="estimated"), price)
