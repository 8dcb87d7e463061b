"""Whether the fields of a version mean something together and by themselves: tools, formats, test cases (PRODUCT P1). Pure.

What is stored but could never be sent, or would be sent and refused, is named when it is saved and not when it is called.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jsonschema_rs

from burnish_gateway.models.provider_extra import check_saved
from burnish_shared.errors import InvalidField
from burnish_shared.json_bytes import encoded
from burnish_shared.schema_check import BadSchema, SchemaCheck

TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What OpenAI and Anthropic take as the name of a function (their API references: `function.name`, `tools.name`)."""

RESPONSE_FORMATS: Final = ("text", "json_object", "json_schema")

CONFIG_MOST_BYTES: Final = 65_536
"""As JSON in UTF-8. It is loaded with every call of the version, though no call reads it."""

ONLY_DRAFTS: Final = jsonschema_rs.Registry([])
"""Where a `$schema` is looked up: the drafts of json-schema.org, which come with the library. Left out, the library fetches any other."""


def check_fields(model: str, settings: Mapping[str, Any], spec: Mapping[str, Any], *, base: Mapping[str, Any] | None = None) -> None:
    """Raises InvalidField, naming the field and what to do.

    `base`: settings of the version that this one follows. Tools that stand there were saved before they were refused, and so they keep
    nobody from saving something else.
    """
    check_schema(spec.get("json_schema"), param="json_schema", is_looked_at=True)
    _check_structured(settings, spec)
    check_saved(spec.get("extra"))
    _check_config(spec.get("config"))
    _check_settings(settings)
    if not _as_in(base, settings, "tools"):
        _check_tools(settings.get("tools"))
    if not _as_in(base, settings, "tools", "tool_choice"):
        _check_choice(settings.get("tool_choice"), settings.get("tools"))
    check_response_format(settings.get("response_format"))
    _check_fallbacks(model, spec.get("fallback_models") or [])
    _check_names("test_cases", [case.get("name") for case in spec.get("test_cases") or []])
    _check_names("variants", [variant["model"] for variant in spec.get("variants") or []])


def _as_in(base: Mapping[str, Any] | None, settings: Mapping[str, Any], *names: str) -> bool:
    return base is not None and all(settings.get(one) == base.get(one) for one in names)


def check_schema(schema: Any, *, param: str, is_looked_at: bool = False) -> None:
    """Only the schema itself is looked at; nothing that a `$ref` or `$schema` names is fetched. None is fine.

    `is_looked_at`: answers are compared with it here, so it must not point out of itself.
    """
    if schema is None:
        return
    try:
        jsonschema_rs.meta.validate(schema, registry=ONLY_DRAFTS)
    except jsonschema_rs.ReferencingError as error:
        raise InvalidField(
            f"'{param}' cannot be used: its $schema is no draft of json-schema.org; leave it out, or name one, such as "
            "https://json-schema.org/draft/2020-12/schema.",
            param=param,
        ) from error
    except ValueError as error:
        place = "".join(f"/{one}" for one in getattr(error, "instance_path", ()))[:200]
        raise InvalidField(f"'{param}' is no valid JSON Schema{f': {place} is wrong' if place else ''}.", param=param) from error
    if is_looked_at:
        try:
            SchemaCheck(schema)
        except BadSchema as error:
            raise InvalidField(f"'{param}' cannot be used: a $ref may point into the schema itself only ({error}).", param=param) from error


def _check_structured(settings: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """`structured` says that there is a schema, and without one nothing would be looked at."""
    if spec.get("output_format") != "structured" or spec.get("json_schema") is not None:
        return
    if (settings.get("response_format") or {}).get("type") != "json_schema":
        raise InvalidField("json_schema: output_format 'structured' needs a schema; without one it is 'json'.", param="json_schema")


def _check_config(config: Mapping[str, Any] | None) -> None:
    size_bytes = 0 if config is None else len(encoded(config))
    if size_bytes > CONFIG_MOST_BYTES:
        raise InvalidField(f"config: at most {CONFIG_MOST_BYTES:,} bytes as JSON; this one has {size_bytes:,}.", param="config")


def _check_settings(settings: Mapping[str, Any]) -> None:
    """What providers refuse together."""
    if settings.get("max_tokens") is not None and settings.get("max_completion_tokens") is not None:
        raise InvalidField(
            "max_completion_tokens: is another name of max_tokens; give one of them, and null for the other.", param="max_completion_tokens"
        )
    if settings.get("top_logprobs") is not None and not settings.get("logprobs"):
        raise InvalidField("top_logprobs: needs logprobs: true beside it.", param="top_logprobs")


def _check_tools(tools: Sequence[Mapping[str, Any]] | None) -> None:
    names: list[str | None] = []
    for index, tool in enumerate(tools or ()):
        param = f"tools[{index}]"
        if not isinstance(tool.get("type"), str):
            raise InvalidField(f"{param}.type: a tool has a type, such as 'function'.", param=f"{param}.type")
        if tool["type"] == "custom":
            raise InvalidField(
                f"{param}.type: 'custom' is not offered, so no call could be made; describe a function.", param=f"{param}.type"
            )
        if tool["type"] != "function":
            continue
        function = tool.get("function")
        if not isinstance(function, dict):
            raise InvalidField(f"{param}.function: a tool of type 'function' has its name and parameters there.", param=f"{param}.function")
        name = function.get("name")
        if not isinstance(name, str) or not TOOL_NAME.fullmatch(name):
            why = "a function's name has 1 to 64 letters, digits, '_' and '-'."
            raise InvalidField(f"{param}.function.name: {why}", param=f"{param}.function.name")
        check_schema(function.get("parameters"), param=f"{param}.function.parameters")
        names.append(name)
    _check_names("tools", names)


def _check_choice(choice: object, tools: Sequence[Mapping[str, Any]] | None) -> None:
    if choice is None or choice == "none":
        return
    if not tools:
        raise InvalidField("tool_choice: there are no 'tools' to choose from.", param="tool_choice")
    if isinstance(choice, dict):
        known = [_name_of(tool) for tool in tools if tool.get("type") == "function"]
        if choice.get("type") == "function" and _name_of(choice) not in known:
            raise InvalidField(f"tool_choice: names no function of 'tools', which are {', '.join(map(str, known))}.", param="tool_choice")


def _name_of(tool: Mapping[str, Any]) -> Any:
    """None where it has none, as only tools of a version before may."""
    function = tool.get("function")
    return function.get("name") if isinstance(function, dict) else None


def check_response_format(given: Mapping[str, Any] | None, *, at: str = "") -> None:
    """Raises InvalidField. `at`: what stands before its name in the caller's body."""
    if given is None:
        return
    if given.get("type") not in RESPONSE_FORMATS:
        param = f"{at}response_format.type"
        raise InvalidField(f"{param}: is one of {', '.join(RESPONSE_FORMATS)}.", param=param)
    if given["type"] == "json_schema":
        param, wrapped = f"{at}response_format.json_schema", given.get("json_schema")
        if not isinstance(wrapped, dict) or not isinstance(wrapped.get("name"), str):
            raise InvalidField(f"{param}: has a 'name' and a 'schema'; the field 'json_schema' takes a bare schema.", param=param)
        check_schema(wrapped.get("schema"), param=f"{param}.schema")


def _check_fallbacks(model: str, fallbacks: Sequence[str]) -> None:
    for index, other in enumerate(fallbacks):
        if other == model or other in fallbacks[:index]:
            what = "is the model itself" if other == model else "is named before"
            raise InvalidField(f"fallback_models[{index}]: {other!r} {what}; leave it out.", param=f"fallback_models[{index}]")


def _check_names(field: str, names: Sequence[str | None]) -> None:
    for index, name in enumerate(names):
        if name is not None and name in names[:index]:
            raise InvalidField(f"{field}[{index}]: {name!r} is named twice.", param=f"{field}[{index}]")
