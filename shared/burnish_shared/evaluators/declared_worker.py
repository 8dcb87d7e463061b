"""The process that looks at answers with what somebody declared: `python -I -m burnish_shared.evaluators.declared_worker`.

A schema whose references double at each level, a pattern times a long answer, an expression over large data: each is short to write and
long to work through. Here it can be killed, and nobody waits for it but who asked.
"""

import ctypes
import resource
import signal
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from burnish_shared import expressions
from burnish_shared.contracts.evaluators import EvaluatorSettings, Expression, JsonSchema, Regex, Toxicity
from burnish_shared.evaluators import declarative
from burnish_shared.evaluators.score import scored
from burnish_shared.evaluators.toxicity import Words
from burnish_shared.evaluators.verdict import NAMES, Case, Mistake, NoScore, Score, Verdict
from burnish_shared.sandbox.worker_process import serve

MEMORY_BYTES: Final = 1024 * 1024 * 1024
KEPT: Final = 64
PR_SET_PDEATHSIG: Final = 1

UNCOUNTED: Final = 2**62
"""What an expression may compare here: a worker that takes too long is ended, and holds up nobody else."""

SETTINGS: Final[TypeAdapter[EvaluatorSettings]] = TypeAdapter(EvaluatorSettings)

Look = Callable[[Case], Verdict]


def main() -> None:
    """Serves requests until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, MEMORY_BYTES)):
        resource.setrlimit(kind, (most, most))
    ready: OrderedDict[str, Look] = OrderedDict()
    serve(lambda request: answer_to(ready, request))


def answer_to(ready: "OrderedDict[str, Look]", request: dict[str, Any]) -> dict[str, Any]:
    """`{score, passed, reason}`, `{none, reason}`, or `{mistake, field, line, column}`; `{}` where only the settings were to be checked."""
    try:
        look = _look(ready, request["settings"])
    except Mistake as mistake:
        return {"mistake": mistake.message, "field": mistake.field, "line": mistake.line, "column": mistake.column}
    except ValidationError as error:
        return {"mistake": f"{error.error_count()} settings are wrong", "field": None, "line": None, "column": None}
    if request.get("case") is None:
        return {}
    try:
        verdict = look(Case(**request["case"]))
    except (MemoryError, RecursionError):
        return {"none": "failed", "reason": "the answer and the settings together are too much to look at"}
    match verdict:
        case Score(score, passed, reason):
            return {"score": score, "passed": passed, "reason": reason}
        case NoScore(kind, reason):
            return {"none": kind, "reason": reason}


def _look(ready: "OrderedDict[str, Look]", text: str) -> Look:
    if text not in ready:
        ready[text] = _built(SETTINGS.validate_json(text))
        while len(ready) > KEPT:
            ready.popitem(last=False)
    ready.move_to_end(text)
    return ready[text]


def _built(settings: EvaluatorSettings) -> Look:
    match settings:
        case Regex():
            return declarative.Pattern(settings)
        case JsonSchema():
            return declarative.Schema(settings)
        case Expression():
            return _conditional(settings)
        case Toxicity():
            return Words(settings).look
        case _:
            raise Mistake(f"{settings.kind} is not looked at here")


def _conditional(settings: Expression) -> Look:
    try:
        tree = expressions.parse(settings.expression, names=NAMES)
    except expressions.ExpressionError as error:
        raise Mistake(error.message, field="expression", line=1, column=error.column) from error

    def look(case: Case) -> Verdict:
        try:
            return scored(expressions.evaluate(tree, case.names(), work=expressions.Work(UNCOUNTED)))
        except expressions.ExpressionError as error:
            return NoScore("failed", f"{error.message} (column {error.column})" if error.column else error.message)

    return look


if __name__ == "__main__":
    main()
