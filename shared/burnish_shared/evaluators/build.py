"""From settings to an evaluator that is ready to look at answers."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TypeAlias, assert_never

from burnish_shared import expressions
from burnish_shared.contracts.evaluators import (
    Code,
    Contains,
    EvaluatorSettings,
    Exact,
    Expression,
    JsonSchema,
    Numeric,
    Regex,
    Similarity,
)
from burnish_shared.evaluators import declarative
from burnish_shared.evaluators.verdict import NAMES, PASSES_FROM, REASON_MOST, Case, Mistake, NoScore, Score, Verdict
from burnish_shared.sandbox import Failed, FailureKind, Plain, Refused, Sandbox, Value
from burnish_shared.storable_text import storable

Evaluator: TypeAlias = Callable[[Case], Awaitable[Verdict]]

Sandboxes: TypeAlias = Mapping[str, Sandbox]
"""By language: `python`, and `wasm` where the operator offers it."""


async def build(settings: EvaluatorSettings, *, sandboxes: Sandboxes, tenant: str) -> Evaluator:
    """Checks the settings as far as they can be checked without an answer. Raises Mistake with field, line and column.

    `tenant`: whose share of the sandbox's workers its code uses.
    """
    match settings:
        case Exact():
            return _at_once(partial(declarative.exact, settings))
        case Contains():
            return _at_once(partial(declarative.contains, settings))
        case Regex():
            return _at_once(declarative.Pattern(settings))
        case JsonSchema():
            return _at_once(declarative.Schema(settings))
        case Numeric():
            return _at_once(partial(declarative.numeric, settings))
        case Similarity():
            return _at_once(partial(declarative.similarity, settings))
        case Expression():
            return _at_once(_conditional(settings))
        case Code():
            return await _coded(settings, sandboxes=sandboxes, tenant=tenant)
        case _:
            assert_never(settings)


def _at_once(look: Callable[[Case], Verdict]) -> Evaluator:
    async def evaluate(case: Case) -> Verdict:
        return look(case)

    return evaluate


def _conditional(settings: Expression) -> Callable[[Case], Verdict]:
    try:
        tree = expressions.parse(settings.expression, names=NAMES)
    except expressions.ExpressionError as error:
        raise Mistake(error.message, field="expression", line=1, column=error.column) from error

    def look(case: Case) -> Verdict:
        try:
            return _scored(expressions.evaluate(tree, case.names()))
        except expressions.ExpressionError as error:
            return NoScore("failed", f"{error.message} (column {error.column})" if error.column else error.message)

    return look


async def _coded(settings: Code, *, sandboxes: Sandboxes, tenant: str) -> Evaluator:
    sandbox = sandboxes.get(settings.language)
    if sandbox is None:
        raise Mistake(f"code in {settings.language} is not offered by this installation", field="language")
    refused = await sandbox.check(settings.code)
    if refused is not None:
        raise Mistake(refused.message, field="code", line=refused.line, column=refused.column)

    async def evaluate(case: Case) -> Verdict:
        result = await sandbox.run(settings.code, case.names(), tenant=tenant)
        match result:
            case Value(value):
                return _scored(value)
            case Refused(message):
                return NoScore("failed", message)
            case Failed(FailureKind.UNAVAILABLE, message):
                return NoScore("unavailable", message)
            case Failed(kind, message, line):
                return NoScore("failed", f"{kind.value}: {message}" + (f" (line {line})" if line else ""))

    return evaluate


def _scored(value: Plain) -> Verdict:
    """What an expression or code said, as a score. Anything but true, false, 0 to 1 or `{score, reason}` is no score."""
    reason = ""
    if isinstance(value, dict):
        reason = storable(str(value.get("reason") or ""))[:REASON_MOST]
        value = value.get("score")
    if isinstance(value, bool):
        return Score(1.0 if value else 0.0, value, reason or ("holds" if value else "does not hold"))
    if isinstance(value, int | float) and 0 <= value <= 1:
        return Score(float(value), value >= PASSES_FROM, reason or f"scored {float(value):.2f}")
    return NoScore("failed", "the result must be true, false, a score from 0 to 1, or {score, reason}")
