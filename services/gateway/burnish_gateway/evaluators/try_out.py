"""Looks at one answer with an evaluator, saved or not. No score is stored; what judges are asked is an execution like any other."""

import time
from uuid import UUID

from pydantic import TypeAdapter

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.evaluators import store
from burnish_gateway.evaluators.bodies import Answered, VerdictAnswer, verdict_answer
from burnish_shared.contracts.evaluators import EvaluatorSettings, models_by_place
from burnish_shared.errors import BurnishError, InvalidField, NotFound
from burnish_shared.evaluators import Ask, Case, Evaluator, Mistake, build

SETTINGS: TypeAdapter[EvaluatorSettings] = TypeAdapter(EvaluatorSettings)


async def checked(settings: EvaluatorSettings, *, gateway: Gateway, principal: Principal, ask: Ask | None = None) -> Evaluator:
    """Raises InvalidField that names the field, and in its details line and column where code is to blame; what `ModelBook.route` raises
    for judges that cannot be called. `ask`: how judges are asked, where somebody wants a score."""
    for field, model in models_named(settings):
        try:
            await gateway.models.route(principal.workspace, model)
        except BurnishError as error:
            error.param = field if error.param is not None else None
            raise
    try:
        return await build(settings, grounds=gateway.grounds, tenant=str(principal.workspace_id), ask=ask)
    except Mistake as mistake:
        param = f"settings.{mistake.field}" if mistake.field else "settings"
        place = f" (line {mistake.line}, column {mistake.column})" if mistake.line else ""
        details = {"line": mistake.line, "column": mistake.column} if mistake.line or mistake.column else None
        raise InvalidField(f"{param}: {mistake.message}{place}", param=param, details=details) from mistake


def models_named(settings: EvaluatorSettings) -> list[tuple[str, str]]:
    """The models that an evaluator asks, each with the field of a body that names it."""
    return [(f"settings.{place}", model) for place, model in models_by_place(settings).items()]


async def saved(evaluator_id: UUID, *, gateway: Gateway, principal: Principal, ask: Ask) -> Evaluator:
    """The newest version. Raises NotFound, and what `checked` raises."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find(tx, evaluator_id)
    if row is None:
        raise no_such_evaluator()
    return await checked(SETTINGS.validate_python(row["settings"]), gateway=gateway, principal=principal, ask=ask)


async def try_out(evaluator: Evaluator, answer: Answered) -> VerdictAnswer:
    case = Case(
        output=answer.output, expected=answer.expected, input=answer.input, variables=answer.variables, metadata=answer.metadata,
        other=answer.other,
    )  # fmt: skip
    began = time.perf_counter()
    verdict = await evaluator(case)
    return verdict_answer(verdict, took_s=time.perf_counter() - began)


def no_such_evaluator() -> NotFound:
    return NotFound("There is no evaluator of this id.")
