"""Looks at one answer with an evaluator, saved or not. Nothing is stored."""

import time
from uuid import UUID

from pydantic import TypeAdapter

from burnish_gateway.deps import Gateway
from burnish_gateway.evaluators import store
from burnish_gateway.evaluators.bodies import Answered, VerdictAnswer, verdict_answer
from burnish_shared.contracts.evaluators import EvaluatorSettings
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.evaluators import Case, Evaluator, Mistake, build

SETTINGS: TypeAdapter[EvaluatorSettings] = TypeAdapter(EvaluatorSettings)


async def checked(settings: EvaluatorSettings, *, gateway: Gateway, workspace_id: UUID) -> Evaluator:
    """Raises InvalidField that names the field, and in its details line and column where code is to blame."""
    try:
        return await build(settings, grounds=gateway.grounds, tenant=str(workspace_id))
    except Mistake as mistake:
        param = f"settings.{mistake.field}" if mistake.field else "settings"
        place = f" (line {mistake.line}, column {mistake.column})" if mistake.line else ""
        details = {"line": mistake.line, "column": mistake.column} if mistake.line or mistake.column else None
        raise InvalidField(f"{param}: {mistake.message}{place}", param=param, details=details) from mistake


async def saved(evaluator_id: UUID, *, gateway: Gateway, workspace_id: UUID) -> Evaluator:
    """Raises NotFound."""
    async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        row = await store.find(tx, evaluator_id)
    if row is None:
        raise no_such_evaluator()
    return await checked(SETTINGS.validate_python(row["settings"]), gateway=gateway, workspace_id=workspace_id)


async def try_out(evaluator: Evaluator, answer: Answered) -> VerdictAnswer:
    case = Case(
        output=answer.output, expected=answer.expected, input=answer.input, variables=answer.variables, metadata=answer.metadata
    )  # fmt: skip
    began = time.perf_counter()
    verdict = await evaluator(case)
    return verdict_answer(verdict, took_s=time.perf_counter() - began)


def no_such_evaluator() -> NotFound:
    return NotFound("There is no evaluator of this id.")
