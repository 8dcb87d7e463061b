"""A configuration of TensorZero: functions become prompts, their variants versions, models models (docs/gateway/configuration-reference).

Templates and schemas stand in files of their own. Who sends the configuration puts them into it, as `{"path": …, "text": …}` in the
place of the path (`burnish import` does); the gateway reads no files.
"""

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import CannotTake, Draft, Drafts, list_at, object_at, settings_of, wrong_shape
from burnish_gateway.bundle.foreign.minijinja import in_ours
from burnish_gateway.bundle.foreign.tensorzero_models import NUSD_OF_ONE, models_of, shorthand
from burnish_shared.providers import PRESETS
from burnish_shared.slug import slug_of

ROLES: Final = ("system", "user", "assistant")
KNOWN: Final = frozenset({"functions", "models", "tools", "metrics"})
CONVERSATION: Final = "messages"
"""The placeholder for what a caller of TensorZero sends, where no template says how a question is asked."""

SAME: Final = frozenset({"temperature", "max_tokens", "top_p", "presence_penalty", "frequency_penalty", "seed", "reasoning_effort"})
OF_VARIANT: Final = frozenset({
    "type", "model", "weight", "templates", "json_mode", "stop_sequences", "retries", "timeouts", *SAME,
    *(f"{role}_template" for role in ROLES),
})  # fmt: skip
OF_FUNCTION: Final = frozenset({
    "type", "variants", "schemas", "output_schema", "tools", "tool_choice", "parallel_tool_calls", "description", "experimentation",
    *(f"{role}_schema" for role in ROLES),
})  # fmt: skip
TYPES: Final = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "object": "object", "array": "array"}
USED: Final = re.compile(r"\{\{(?:#if |#each )?([A-Za-z_][A-Za-z0-9_]*)")
ARMS: Final = 2
"""Of an experiment that can be drafted."""


def read(value: Any, *, model: str) -> Drafts:
    """`model`: of variants that name none. Raises InvalidField naming what has another shape."""
    drafts = Drafts()
    if not isinstance(value, dict):
        raise wrong_shape("", "a configuration with 'functions' or 'models'")
    drafts.models = models_of(value, drafts)
    functions = object_at(value, "functions", "")
    for name in functions:
        _take_function(name, object_at(functions, name, "functions"), value, model=model, drafts=drafts)
    for name, row in object_at(value, "metrics", "").items():
        _tell_metric(name, row, drafts)
    keys = sorted({one.provider for one in drafts.models if one.provider not in PRESETS or PRESETS[one.provider].needs_key})
    if keys:
        drafts.notes.tell(f"Keys of providers are never taken from a file: add those of {', '.join(keys)} (POST /v1/provider-keys).")
    if left := sorted(str(name) for name in value.keys() - KNOWN):
        drafts.notes.lose(f"Of the configuration these are not taken: {', '.join(left)[:500]}.")
    return drafts


def _take_function(name: str, row: Mapping[str, Any], value: Mapping[str, Any], *, model: str, drafts: Drafts) -> None:
    place = f"functions.{name[:200]}"
    shared = _of_function(row, value, place, drafts)
    draft = Draft(name.replace("/", " ")[:150], fields=_described(row))
    numbers: dict[str, int] = {}
    variants = object_at(row, "variants", place)
    for own in variants:
        where = f"{place}.variants.{own[:200]}"
        try:
            content = _content(object_at(variants, own, f"{place}.variants"), row, where, model=model, drafts=drafts) | shared
        except CannotTake as error:
            drafts.notes.lose(f"{where}: left out, because {error}.")
            continue
        numbers[own] = len(numbers) + 1
        draft.versions.append((numbers[own], content, {"message": f"Variant {own[:150]} of TensorZero"}))
        drafts.ids[f"{name}::{own}"] = (draft.name, numbers[own])
    if not numbers:
        drafts.notes.lose(f"{place}: left out: none of its variants can be taken.")
        return
    weights = {own: weight for own, weight in _weights(row, variants, place, drafts).items() if own in numbers}
    first = max(weights, key=lambda own: weights[own]) if weights else next(iter(numbers))
    draft.labels = {slug_of(own): number for own, number in numbers.items()} | {"production": numbers[first]}
    drafts.prompts.append(draft)
    _offer_experiment(name, first, weights, drafts)
    if left := sorted(row.keys() - OF_FUNCTION):
        drafts.notes.lose(f"{place}: these are not taken: {', '.join(left)[:300]}.")


def _described(row: Mapping[str, Any]) -> dict[str, Any]:
    told = row.get("description")
    return {"description": told[:2_000]} if isinstance(told, str) and told.strip() else {}


def _of_function(row: Mapping[str, Any], value: Mapping[str, Any], place: str, drafts: Drafts) -> dict[str, Any]:
    """Tools, which all variants have."""
    tools = [one for name in list_at(row, "tools", place) if (one := _tool(name, value, place, drafts)) is not None]
    if not tools:
        return {}
    made: dict[str, Any] = {"tools": tools}
    choice = row.get("tool_choice")
    if isinstance(choice, dict) and isinstance(choice.get("specific"), str):
        made["tool_choice"] = {"type": "function", "function": {"name": choice["specific"]}}
    elif choice is not None:
        made["tool_choice"] = choice
    if isinstance(row.get("parallel_tool_calls"), bool):
        made["parallel_tool_calls"] = row["parallel_tool_calls"]
    return made


def _tool(name: Any, value: Mapping[str, Any], place: str, drafts: Drafts) -> dict[str, Any] | None:
    """As OpenAI has it; None with a note where it cannot be taken."""
    row = object_at(object_at(value, "tools", ""), name, "tools") if isinstance(name, str) else {}
    if not row:
        drafts.notes.lose(f"{place}.tools: {str(name)[:200]} is left out: the file does not describe it.")
        return None
    try:
        parameters = _schema(row.get("parameters"), f"tools.{name[:200]}.parameters")
    except CannotTake as error:
        drafts.notes.lose(f"{place}.tools: {name[:200]} is left out, because {error}.")
        return None
    function = {"name": str(row.get("name") or name), "description": str(row.get("description") or ""), "parameters": parameters or {}}
    return {"type": "function", "function": function | ({"strict": True} if row.get("strict") is True else {})}


def _content(row: Mapping[str, Any], function: Mapping[str, Any], where: str, *, model: str, drafts: Drafts) -> dict[str, Any]:
    """Of one variant. Raises CannotTake."""
    if row.get("type", "chat_completion") != "chat_completion":
        raise CannotTake(f"variants of the type {str(row.get('type'))[:60]!r} have no counterpart")
    messages = _messages(row, where, drafts)
    named = row.get("model")
    if named is not None and not isinstance(named, str):
        raise wrong_shape(f"{where}.model", "a text")
    called, known = shorthand(named) if named else (model, None)
    if known is not None and all(one.model != called for one in drafts.models):
        drafts.models.append(known)
    content = {"messages": messages, "model": called, **settings_of({name: row[name] for name in SAME if name in row})}
    if isinstance(stops := row.get("stop_sequences"), list) and stops:
        content["stop"] = stops
    content |= _patience(row, where)
    if function.get("type") == "json":
        content |= _form(row, function)
    if parameters := _parameters(function, messages, where):
        content["parameters"] = parameters
    if left := sorted(row.keys() - OF_VARIANT):
        drafts.notes.lose(f"{where}: these are not taken: {', '.join(left)[:300]}.")
    return content


def _messages(row: Mapping[str, Any], where: str, drafts: Drafts) -> list[dict[str, Any]]:
    """System and user as their templates say; without one of the user, whatever the caller sends. Raises CannotTake."""
    templates = object_at(row, "templates", where)
    given = {name: templates[name] for name in templates}
    given |= {role: row[f"{role}_template"] for role in ROLES if row.get(f"{role}_template") is not None}
    texts = {name: _ours(one, f"its template '{name[:100]}'") for name, one in given.items() if name != "assistant"}
    if "assistant" in given:
        drafts.notes.lose(f"{where}: its template of the assistant is not taken: messages of the assistant come with the call here.")
    others = [name for name in texts if name not in ROLES]
    asks = texts.get("user")
    if asks is None and len(others) == 1:
        asks = texts[others[0]]
        drafts.notes.tell(f"{where}: the template '{others[0][:100]}' is the message of the user.")
    elif others:
        drafts.notes.lose(f"{where}: these templates are not taken: {', '.join(sorted(others))[:300]}; make prompts of their own of them.")
    messages: list[dict[str, Any]] = [{"role": "system", "content": texts["system"]}] if "system" in texts else []
    if asks is not None:
        return [*messages, {"role": "user", "content": asks}]
    drafts.notes.tell(f"{where}: has no template of the user: a call gives the conversation as the variable '{CONVERSATION}'.")
    return [*messages, {"role": "placeholder", "name": CONVERSATION}]


def _ours(given: Any, what: str) -> str:
    try:
        return in_ours(_text(given))
    except CannotTake as error:
        raise CannotTake(f"{what}: {error}") from error


def _text(given: Any) -> str:
    """What stands in a file. Raises CannotTake where only its name is there."""
    if isinstance(given, dict) and isinstance(given.get("path"), dict):
        given = given["path"]
    if isinstance(given, dict) and isinstance(given.get("text"), str):
        text: str = given["text"]
        return text
    raise CannotTake("it stands in another file; `burnish import --format tensorzero` takes it along")


def _schema(given: Any, what: str) -> dict[str, Any] | None:
    """Raises CannotTake where it is no JSON object."""
    if given is None:
        return None
    try:
        found = json.loads(_text(given))
    except CannotTake:
        raise
    except (ValueError, RecursionError) as error:
        raise CannotTake(f"{what} is no JSON") from error
    if not isinstance(found, dict):
        raise CannotTake(f"{what} is no JSON Schema")
    return found


def _form(row: Mapping[str, Any], function: Mapping[str, Any]) -> dict[str, Any]:
    """How JSON is asked for: by the schema where the provider keeps to one, else as JSON that is checked here."""
    schema = _schema(function.get("output_schema"), "the output_schema")
    made: dict[str, Any] = {} if schema is None else {"output_format": "structured", "json_schema": schema}
    if row.get("json_mode") == "strict" and schema is not None:
        asked = {"type": "json_schema", "json_schema": {"name": "output", "schema": schema, "strict": True}}
        return made | {"response_format": asked}
    return made if row.get("json_mode") == "off" else made | {"response_format": {"type": "json_object"}}


def _patience(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    retries = object_at(row, "retries", where)
    if retries:
        policy = {"retries": retries.get("num_retries", 0), "wait_most_s": retries.get("max_delay_s", 10)}
        made["retry_policy"] = policy
    total = object_at(object_at(row, "timeouts", where), "non_streaming", where).get("total_ms")
    if isinstance(total, int) and not isinstance(total, bool) and total > 0:
        made["timeout_s"] = total / 1_000
    return made


def _parameters(function: Mapping[str, Any], messages: list[dict[str, Any]], where: str) -> dict[str, Any]:
    """What schemas say of the variables that stand in the text."""
    used = {name for one in messages for name in USED.findall(one.get("content", ""))}
    made: dict[str, Any] = {}
    schemas = object_at(function, "schemas", where)
    given = [*schemas.values(), *(function[f"{role}_schema"] for role in ROLES if function.get(f"{role}_schema") is not None)]
    for one in given:
        properties = (_schema(one, "a schema") or {}).get("properties")
        for name, told in properties.items() if isinstance(properties, dict) else ():
            if name in used and isinstance(told, dict):
                kind, about = told.get("type"), told.get("description")
                known = {"type": TYPES[kind]} if isinstance(kind, str) and kind in TYPES else {}
                made[name] = known | ({"description": about[:500]} if isinstance(about, str) and about.strip() else {})
    return {name: one for name, one in made.items() if one}


def _weights(row: Mapping[str, Any], variants: Mapping[str, Any], place: str, drafts: Drafts) -> dict[str, float]:
    """Variant → its share of calls before they are added up; empty where nothing is said."""
    found: dict[str, float] = {}
    asked = object_at(row, "experimentation", place)
    told = asked.get("candidate_variants")
    if isinstance(told, dict):
        found = {own: weight for own, weight in told.items() if _is_weight(weight)}
    elif isinstance(told, list):
        found = {own: 1.0 for own in told if isinstance(own, str)}
    else:
        found = {own: one["weight"] for own, one in variants.items() if isinstance(one, dict) and _is_weight(one.get("weight"))}
    if asked.get("fallback_variants"):
        drafts.notes.lose(f"{place}: its fallback_variants are not asked: name fallback_models, or a fallback_version, in the version.")
    return {own: weight for own, weight in found.items() if weight > 0}


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and 0 <= value <= NUSD_OF_ONE


def _offer_experiment(name: str, first: str, weights: Mapping[str, float], drafts: Drafts) -> None:
    """Two variants that share calls are a draft of an experiment; more are told."""
    others = [own for own in weights if own != first]
    if len(weights) == ARMS:
        share = weights[others[0]] / sum(weights.values())
        drafts.experiments.append({
            "name": f"{name[:100]}: {first[:40]} and {others[0][:40]}", "control_prompt_id": f"{name}::{first}",
            "treatment_prompt_id": f"{name}::{others[0]}", "traffic_split": share,
        })  # fmt: skip
    elif others:
        drafts.notes.lose(
            f"functions.{name[:200]}: calls are not spread over its {len(weights)} variants: 'production' names {first[:100]}; start an"
            " experiment with the others."
        )


def _tell_metric(name: str, row: Any, drafts: Drafts) -> None:
    said: dict[str, Any] = row if isinstance(row, dict) else {}
    kind = said.get("type")
    if kind in ("boolean", "float"):
        body = {"type": "binary" if kind == "boolean" else "number", "direction": "lower" if said.get("optimize") == "min" else "higher"}
        drafts.notes.tell(
            f"metrics.{name[:200]}: declare it by PUT /v1/metrics/NAME with {json.dumps(body)}; send its values by POST /v1/feedback."
        )
    else:
        drafts.notes.tell(f"metrics.{name[:200]}: needs no declaration: comments and corrections are parts of POST /v1/feedback.")
