"""What a version wants of its inputs and its answers, checked when it is saved and made ready when it is loaded (PRODUCT E11)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2
from pydantic import TypeAdapter, ValidationError

from burnish_shared import expressions
from burnish_shared.asked_json import JSON_FORMATS
from burnish_shared.contracts.checks import (
    InputPattern,
    InputValidator,
    InputValidators,
    Length,
    OutputChecks,
    OutputValidator,
    OutputValidators,
    Problem,
    VariablesSchema,
)
from burnish_shared.contracts.evaluators import Expression, JsonSchema, Regex
from burnish_shared.contracts.guardrails import Size
from burnish_shared.errors import InvalidField
from burnish_shared.evaluators.verdict import NAMES
from burnish_shared.guarding.rules import is_beyond
from burnish_shared.guarding.spans import PROGRAM_MOST, compiled, to_bytes
from burnish_shared.guarding.texts import whole_text_of
from burnish_shared.places import place_of
from burnish_shared.schema_check import BadSchema, SchemaCheck, is_quick

INPUTS: Final[TypeAdapter[list[InputValidator]]] = TypeAdapter(InputValidators)
OUTPUTS: Final[TypeAdapter[list[OutputValidator]]] = TypeAdapter(OutputValidators)


@dataclass(frozen=True, slots=True)
class SlowSchema:
    """A schema that must be looked at where it can be stopped: `settings` as an evaluator's JSON."""

    check: str
    settings: str


@dataclass(frozen=True, slots=True)
class InputChecks:
    """What is wanted of the variables and the messages of a call. `slow`: schemas that are not looked at here."""

    validators: tuple[tuple[InputValidator, "SchemaCheck | re2._Regexp[bytes] | None"], ...]
    slow: tuple[SlowSchema, ...]

    def problems(self, messages: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> list[Problem]:
        """Everything that does not hold, in the order of the validators."""
        found: list[Problem] = []
        for validator, ready in self.validators:
            match validator.settings:
                case Size():
                    texts = [whole_text_of(one) for one in messages]
                    characters, size_bytes = sum(map(len, texts)), sum(len(to_bytes(one)) for one in texts)
                    if is_beyond(validator.settings, characters=characters, size_bytes=size_bytes):
                        found.append(Problem(check=validator.name, message=f"the messages have {characters} characters, which is too much"))
                case VariablesSchema() if isinstance(ready, SchemaCheck):
                    found += [
                        Problem(check=validator.name, path=one.path or None, message=one.message) for one in ready.flaws(dict(variables))
                    ]
                case InputPattern() if ready is not None and not isinstance(ready, SchemaCheck):
                    found += _by_pattern(validator, validator.settings, ready, messages, variables)
        return found


def check_validators(spec: Mapping[str, Any]) -> None:
    """Raises InvalidField for a schema, pattern or expression that is none."""
    adapters: dict[str, TypeAdapter[Any]] = {"input_validators": INPUTS, "output_validators": OUTPUTS}
    for param, adapter in adapters.items():
        try:
            validators = adapter.validate_python(spec.get(param, []))
        except ValidationError as error:
            first = error.errors()[0]
            where = place_of((param, *first["loc"]))
            raise InvalidField(f"{where}: {first['msg']}.", param=param) from error
        for index, validator in enumerate(validators):
            mistake = _mistake_in(validator.settings)
            if mistake is not None:
                raise InvalidField(f"{param}[{index}] ({validator.name}): {mistake}.", param=param)


def output_checks_of(spec: Mapping[str, Any]) -> OutputChecks | None:
    """What the executor looks at; None where anything goes."""
    is_json = spec.get("output_format") in JSON_FORMATS
    validators = spec.get("output_validators") or []
    if not is_json and not validators:
        return None
    schema = spec.get("json_schema") if is_json else None
    return OutputChecks(is_json=is_json, json_schema=schema, validators=validators, repair=spec.get("repair_output", True))


def input_checks_of(spec: Mapping[str, Any]) -> InputChecks | None:
    """None where anything goes."""
    given = spec.get("input_validators")
    if not given:
        return None
    made: list[tuple[InputValidator, SchemaCheck | re2._Regexp[bytes] | None]] = []
    slow: list[SlowSchema] = []
    for validator in INPUTS.validate_python(given):
        match validator.settings:
            case VariablesSchema(json_schema=schema) if not is_quick(schema):
                slow.append(SlowSchema(validator.name, json.dumps({"kind": "json_schema", "schema": schema})))
            case VariablesSchema(json_schema=schema):
                made.append((validator, SchemaCheck(schema)))
            case InputPattern(pattern=pattern, ignore_case=ignore_case):
                made.append((validator, compiled(pattern, ignore_case=ignore_case)))
            case _:
                made.append((validator, None))
    return InputChecks(tuple(made), tuple(slow))


def _by_pattern(
    validator: InputValidator,
    settings: InputPattern,
    pattern: "re2._Regexp[bytes]",
    messages: Sequence[Mapping[str, Any]],
    variables: Mapping[str, Any],
) -> list[Problem]:
    if settings.variable is None:
        text = "\n".join(whole_text_of(one) for one in messages if one.get("role") == "user")
        what = "the messages do"
    else:
        value = variables.get(settings.variable)
        text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
        what = f"the variable {settings.variable} does"
    found = (pattern.fullmatch if settings.whole else pattern.search)(to_bytes(text)) is not None
    if found == (settings.expect == "match"):
        return []
    wanted = "not match" if settings.expect == "match" else "match"
    return [Problem(check=validator.name, message=f"{what} {wanted} the pattern")]


def _mistake_in(settings: Any) -> str | None:
    match settings:
        case Length(least_characters=least, most_characters=int(most)) if least > most:
            return f"no answer has at least {least:,} characters and at most {most:,}"
        case VariablesSchema(json_schema=schema) | JsonSchema(json_schema=schema):
            try:
                SchemaCheck(schema)
            except BadSchema as error:
                return f"not a JSON Schema that is used here: {error}"
        case InputPattern(pattern=pattern) | Regex(pattern=pattern):
            try:
                program = compiled(pattern).programsize
            except re2.error as error:
                said = error.args[0] if error.args else ""
                return f"not a regular expression of RE2: {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"[:300]
            return None if program <= PROGRAM_MOST else "the pattern is too much to work through; count less in it"
        case Expression(expression=expression):
            try:
                expressions.parse(expression, names=NAMES)
            except expressions.ExpressionError as error:
                return f"{error.message} (column {error.column})"
    return None
