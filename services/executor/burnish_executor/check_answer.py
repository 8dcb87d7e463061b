"""Looks at a whole answer as its version wants it, and has it corrected once where nothing has reached the caller (PRODUCT E11)."""

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from burnish_executor import metrics
from burnish_executor.core.answer import Answer
from burnish_executor.core.choices import output_bytes_of
from burnish_executor.core.failure import Failure
from burnish_executor.core.flawed import Wrong, asked_again, invalid, with_earlier
from burnish_executor.core.outcome import outcome_of
from burnish_executor.core.usage import estimated
from burnish_executor.run import Run, describe, since
from burnish_executor.widen_hold import Holds
from burnish_shared.answer_json import NoJson, read_json
from burnish_shared.contracts.checks import Length, OutputChecks, OutputValidator, Problem
from burnish_shared.contracts.evaluators import JsonSchema
from burnish_shared.contracts.executions import Outcome
from burnish_shared.evaluators.verdict import NoScore
from burnish_shared.own_checks import OwnChecks, case_of
from burnish_shared.pricing import most_nusd
from burnish_shared.schema_check import BadSchema, SchemaCheck, is_quick
from burnish_shared.tokens import input_tokens_of, tokens_in_messages

log = structlog.get_logger("burnish.executor")

KEPT: Final = 1_000

VALIDATOR: Final = TypeAdapter(OutputValidator)

Ask = Callable[[Run], Awaitable[Answer | Failure]]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. `earlier`: an answer that was paid for and not told, and the trial that gave it."""

    wrong: Sequence[Wrong]
    earlier: Outcome | None = None
    attempt: int = 0

    def applied(self, outcome: Outcome) -> Outcome:
        """The outcome with what the answer before it cost, and as an error where the answer is not valid."""
        whole = outcome if self.earlier is None else with_earlier(outcome, self.earlier, attempt=self.attempt)
        return invalid(whole, self.wrong) if self.wrong else whole


@dataclass(frozen=True, slots=True)
class AnswerChecks:
    """Schemas are compiled once; what could take long is looked at by workers that can be stopped."""

    own: OwnChecks
    holds: Holds
    _schemas: "OrderedDict[str, SchemaCheck | None]" = field(default_factory=OrderedDict)

    async def check(self, run: Run, result: Answer | Failure, *, ask: Ask) -> tuple[Answer | Failure, Checked | None]:
        """The answer that counts, and what is to be said of it; None where nothing is wanted of answers."""
        checks = run.request.output_checks
        if checks is None or not isinstance(result, Answer) or (result.tool_calls and not result.output):
            return result, None
        if result.asides is not None and result.asides.refusal and not result.output:
            return result, None  # a refusal is told as what it is
        wrong = await self._wrong(checks, result, run)
        if not wrong:
            metrics.ANSWERS_CHECKED.labels("valid").inc()
            return result, Checked(())
        may_repair = checks.repair and not run.request.stream and all(one.is_sure for one in wrong)
        if may_repair and not result.tool_calls and not run.cancelled and run.left_s() > 0:
            repaired = await self._repaired(run, result, wrong, checks=checks, ask=ask)
            if repaired is not None:
                return repaired
        metrics.ANSWERS_CHECKED.labels("invalid").inc()
        return result, Checked(wrong)

    async def _repaired(
        self, run: Run, first: Answer, wrong: Sequence[Wrong], *, checks: OutputChecks, ask: Ask
    ) -> tuple[Answer, Checked] | None:
        """Held for first, then asked: both answers are paid for. None: it could not be asked, or there was no second answer to look at."""
        request, attempt = run.request, len(run.trials) - 1
        earlier = outcome_of(
            request, first, text="", trials=run.trials, latency_s=since(run.started_at),
            first_token_s=None if run.first_token_at is None else run.first_token_at - run.started_at,
        )  # fmt: skip
        details = [one.detail if run.guard is None else run.guard.hidden(one.detail) for one in wrong]
        messages = asked_again(request.messages, first.output, details)
        more_nusd = most_nusd(
            request.route.price,
            input_tokens=max(0, tokens_in_messages(messages) - tokens_in_messages(request.messages)),
            output_tokens=0,
            markup_percent=request.route.markup_percent,
        )
        if not await self.holds.widen(run, earlier.cost_nusd + max(request.hold_nusd, earlier.cost_nusd) + more_nusd):
            return None
        run.request = request.model_copy(update={"messages": messages})
        try:
            second = await ask(run)
        finally:
            run.request = run.request.model_copy(update={"messages": request.messages})
        if isinstance(second, Failure):
            log.info("answer.not_repaired", because=second.kind.value[1], **describe(run))
            return None
        if second.usage is None:
            read_tokens = input_tokens_of(messages, request.settings, extra=request.extra, model=request.route.upstream_model)
            second.usage = estimated(read_tokens, output_bytes=output_bytes_of(second))
        still = await self._wrong(checks, second, run)
        metrics.ANSWERS_CHECKED.labels("invalid" if still else "repaired").inc()
        return second, Checked(still, earlier, attempt)

    async def _wrong(self, checks: OutputChecks, answer: Answer, run: Run) -> list[Wrong]:
        """Everything that is not as it should be, in the order of the checks."""
        text = answer.output if run.guard is None else run.guard.restored(answer.output)
        value: Any = None
        if checks.is_json or checks.json_schema is not None:
            try:
                value = read_json(text)
            except NoJson as error:
                return [_no_json("json", error)]
        wrong: list[Wrong] = []
        if checks.json_schema is not None:
            wrong += await self._by_schema("json_schema", checks.json_schema, text, value, run)
        for raw in checks.validators:
            try:
                validator = VALIDATOR.validate_python(raw)
            except ValidationError:
                wrong.append(_unlooked(str(raw.get("name", "validator")), "its settings cannot be read"))
                continue
            wrong += await self._by_validator(validator, text, run)
        return wrong

    async def _by_validator(self, validator: OutputValidator, text: str, run: Run) -> list[Wrong]:
        name, settings = validator.name, validator.settings
        match settings:
            case Length(least_characters=least, most_characters=most):
                if len(text) >= least and (most is None or len(text) <= most):
                    return []
                wanted = f"{least} to {most}" if most is not None else f"at least {least}"
                message = f"has {len(text)} characters, not {wanted}"
                return [Wrong(Problem(check=name, message=message), f"It {message}.")]
            case JsonSchema(json_schema=schema):
                try:
                    value = read_json(text)
                except NoJson as error:
                    return [_no_json(name, error)]
                return await self._by_schema(name, schema, text, value, run)
            case _:
                verdict = await self.own.verdict(settings, case_of(text, run.request), run.request.workspace_id)
                if isinstance(verdict, NoScore):
                    return [_unlooked(name, verdict.reason)]
                return [] if verdict.passed else [Wrong(Problem(check=name, message="does not pass"), f"{name}: {verdict.reason}")]

    async def _by_schema(self, name: str, schema: dict[str, Any], text: str, value: Any, run: Run) -> list[Wrong]:
        quick = self._quick(schema)
        if quick is not None:
            return [Wrong(Problem(check=name, path=one.path or None, message=one.message), one.detail) for one in quick.flaws(value)]
        settings = JsonSchema.model_validate({"kind": "json_schema", "schema": schema})
        verdict = await self.own.verdict(settings, case_of(text, run.request), run.request.workspace_id)
        if isinstance(verdict, NoScore):
            return [_unlooked(name, verdict.reason)]
        return [] if verdict.passed else [Wrong(Problem(check=name, message="is not as the schema wants"), verdict.reason)]

    def _quick(self, schema: dict[str, Any]) -> SchemaCheck | None:
        """The compiled schema; None for one that workers look at."""
        key = json.dumps(schema, separators=(",", ":"))
        if key not in self._schemas:
            try:
                self._schemas[key] = SchemaCheck(schema) if is_quick(schema) else None
            except BadSchema:
                self._schemas[key] = None  # the worker says what is wrong with it
            while len(self._schemas) > KEPT:
                self._schemas.popitem(last=False)
        return self._schemas[key]


def _no_json(name: str, error: NoJson) -> Wrong:
    return Wrong(Problem(check=name, message=str(error)), f"It {error}.")


def _unlooked(name: str, reason: str) -> Wrong:
    return Wrong(Problem(check=name, message=f"could not be looked at: {reason[:200]}"), "", is_sure=False)
