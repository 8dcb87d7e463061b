"""From settings to an evaluator that is ready to look at answers."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias, assert_never

from burnish_shared.contracts.evaluators import (
    Code,
    Contains,
    EvaluatorSettings,
    Exact,
    Expression,
    JsonSchema,
    Jury,
    LlmJudge,
    Numeric,
    Pairwise,
    Regex,
    Similarity,
    Toxicity,
)
from burnish_shared.errors import Unavailable
from burnish_shared.evaluators import declarative, judges
from burnish_shared.evaluators.grounds import Grounds
from burnish_shared.evaluators.judging import Ask
from burnish_shared.evaluators.score import scored
from burnish_shared.evaluators.verdict import Case, Mistake, NoScore, Score, Verdict
from burnish_shared.sandbox import Failed, FailureKind, Refused, Value

Evaluator: TypeAlias = Callable[[Case], Awaitable[Verdict]]


async def build(settings: EvaluatorSettings, *, grounds: Grounds, tenant: str, ask: Ask | None = None) -> Evaluator:
    """Checks the settings as far as they can be checked without an answer. Raises Mistake with field, line and column,
    Unavailable where no worker was free to check them.

    `tenant`: whose share of the workers it uses. What is linear in the answer is looked at here and now, all else in a process that can be
    killed. `ask`: how judges are asked; None: evaluators that need one have no score.
    """
    match settings:
        case Exact():
            return _at_once(partial(declarative.exact, settings))
        case Contains():
            return _at_once(partial(declarative.contains, settings))
        case Numeric():
            return _at_once(partial(declarative.numeric, settings))
        case Similarity():
            return _at_once(partial(declarative.similarity, settings))
        case Regex() | JsonSchema() | Expression():
            return await _declared(settings, grounds=grounds, tenant=tenant)
        case Code():
            return await _coded(settings, grounds=grounds, tenant=tenant)
        case Toxicity():
            words = await _declared(settings, grounds=grounds, tenant=tenant)
            return partial(judges.toxicity, settings, words, ask=ask)
        case LlmJudge():
            return nobody_to_ask if ask is None else partial(judges.judge, settings, ask=ask)
        case Jury():
            return nobody_to_ask if ask is None else partial(judges.jury, settings, ask=ask)
        case Pairwise():
            return nobody_to_ask if ask is None else partial(judges.compare, settings, ask=ask)
        case _:
            assert_never(settings)


async def nobody_to_ask(case: Case) -> Verdict:
    """Where models cannot be asked, a judge says nothing."""
    return judges.NOBODY_TO_ASK


def _at_once(look: Callable[[Case], Verdict]) -> Evaluator:
    async def evaluate(case: Case) -> Verdict:
        return look(case)

    return evaluate


async def _declared(settings: Regex | JsonSchema | Expression | Toxicity, *, grounds: Grounds, tenant: str) -> Evaluator:
    text = settings.model_dump_json(by_alias=True)
    checked = await grounds.look(text, None, tenant=tenant)
    if isinstance(checked, Failed):
        _raise_when_busy(checked)
        raise Mistake(f"these settings cannot be worked through: {checked.message}")
    if "mistake" in checked:
        raise Mistake(checked["mistake"], field=checked["field"], line=checked["line"], column=checked["column"])

    async def evaluate(case: Case) -> Verdict:
        return _verdict(await grounds.look(text, case.names(), tenant=tenant))

    return evaluate


def _verdict(said: dict[str, Any] | Failed) -> Verdict:
    match said:
        case Failed(FailureKind.TIME):
            return NoScore("failed", "the answer and the settings together take too long to look at")
        case Failed(FailureKind.UNAVAILABLE, message):
            return NoScore("unavailable", message, rest_s=said.rest_s)
        case Failed(_, message):
            return NoScore("failed", message)
        case {"score": score, "passed": passed, "reason": reason}:
            return Score(score, passed, reason)
        case _:
            return NoScore(said.get("none", "failed"), said.get("reason") or said.get("mistake") or "no answer")


def _raise_when_busy(failed: Failed) -> None:
    """That no worker was free says nothing of the settings: the caller may try again."""
    if failed.kind is FailureKind.UNAVAILABLE:
        raise Unavailable("Every worker that could look at this evaluator is busy; try again.", retry_after_s=1)


async def _coded(settings: Code, *, grounds: Grounds, tenant: str) -> Evaluator:
    sandbox = grounds.sandboxes.get(settings.language)
    if sandbox is None:
        raise Mistake(f"code in {settings.language} is not offered by this installation", field="language")
    refused = await sandbox.check(settings.code, tenant=tenant)
    if isinstance(refused, Failed):
        _raise_when_busy(refused)
    if refused is not None:
        raise Mistake(refused.message, field="code", line=refused.line, column=refused.column)

    async def evaluate(case: Case) -> Verdict:
        result = await sandbox.run(settings.code, case.names(), tenant=tenant)
        match result:
            case Value(value):
                return scored(value)
            case Refused(message):
                return NoScore("failed", message)
            case Failed(FailureKind.UNAVAILABLE, message):
                return NoScore("unavailable", message, rest_s=result.rest_s)
            case Failed(kind, message, line):
                said = f"{kind.value}: {message.removeprefix(f'{kind.value}: ')}"
                return NoScore("failed", said + (f" (line {line})" if line else ""))

    return evaluate
