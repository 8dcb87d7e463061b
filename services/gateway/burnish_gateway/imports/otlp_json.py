"""Spans of an OTLP export in JSON (ids in hex, whole numbers also as text). What is wrong with one span is said of it alone. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from burnish_gateway.imports.count_parts import SPANS_MOST, check_brackets, too_many_spans
from burnish_gateway.imports.otlp_spans import ERROR_CODE, NESTING_MOST, Span, Unread
from burnish_shared.errors import InvalidBody
from burnish_shared.storable_text import storable

DEPTH_MOST: Final = 100
"""Brackets within brackets that are read: an attribute's value as deep as NESTING_MOST, three for each level, below the ten around it."""

DIGITS_MOST: Final = 30
INT8_BITS: Final = 64
TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
"""A text, within which brackets mean nothing, or a bracket. A quote always begins one: a text that does not end, be it after a lone
backslash, takes the rest, so that nothing is looked at twice."""


def from_json(raw: bytes) -> Iterator[Span | Unread]:
    """Spans, each made when it is asked for. Raises InvalidBody, also while they are, for what is no ExportTraceServiceRequest in the JSON
    of OTLP, and PayloadTooLarge for too many. What is unknown is ignored.
    """
    check_brackets(raw)
    return _of_request(_parsed(raw))


def _of_request(body: Any) -> Iterator[Span | Unread]:
    spans = 0
    for of_resource in _objects(_object(body).get("resourceSpans")):
        resource = _resource(of_resource)
        for of_scope in _objects(of_resource.get("scopeSpans")):
            for span in _list(of_scope.get("spans")):
                if (spans := spans + 1) > SPANS_MOST:
                    raise too_many_spans()
                yield resource if isinstance(resource, Unread) else _read(span, resource)


def _resource(of_resource: Mapping[str, Any]) -> dict[str, Any] | Unread:
    """Attributes of a resource; of one that cannot be read, what is said of each of its spans."""
    try:
        return _attributes(_of(of_resource, "resource", dict, {}).get("attributes"))
    except ValueError as error:
        return Unread(f"a resource cannot be read: {error}")


def _read(span: Any, resource: Mapping[str, Any]) -> Span | Unread:
    try:
        return _span(span, resource)
    except ValueError as error:
        said = span.get("spanId") if isinstance(span, dict) else None
        name = storable(said[:32]) if isinstance(said, str) else "without spanId"
        return Unread(f"span {name}: {error}")


def _span(span: Any, resource: Mapping[str, Any]) -> Span:
    if not isinstance(span, dict):
        raise ValueError("is no object")
    status = _of(span, "status", dict, {})
    return Span(
        trace_id=_of(span, "traceId", str, "").lower(),
        span_id=_of(span, "spanId", str, "").lower(),
        name=_of(span, "name", str, ""),
        start_ns=_whole(span.get("startTimeUnixNano") or 0, "startTimeUnixNano"),
        end_ns=_whole(span.get("endTimeUnixNano") or 0, "endTimeUnixNano"),
        attributes=_attributes(span.get("attributes")),
        resource=resource,
        events=tuple(_event(one) for one in _of(span, "events", list, [])),
        is_error=status.get("code") in (ERROR_CODE, "STATUS_CODE_ERROR"),
        status_message=_of(status, "message", str, ""),
    )


def _event(event: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(event, dict):
        raise ValueError("events: one is no object")
    return _of(event, "name", str, ""), _attributes(event.get("attributes"))


def _attributes(pairs: Any, depth: int = 0) -> dict[str, Any]:
    """Raises ValueError that says what is wrong with them."""
    if not isinstance(pairs, list | None):
        raise ValueError("attributes: must be a list")
    found = {}
    for one in pairs or ():
        if not isinstance(one, dict) or not isinstance(key := one.get("key"), str):
            raise ValueError("attributes: one has no key")
        try:
            found[key] = _value(_of(one, "value", dict, {}), depth)
        except ValueError as error:
            raise ValueError(f"attribute {storable(key[:100])}: {error}"[:300]) from error
    return found


def _value(value: Mapping[str, Any], depth: int) -> Any:
    if depth > NESTING_MOST:
        return None
    if "intValue" in value:
        return _whole(value["intValue"], "intValue")
    if "arrayValue" in value:
        values = _of(_of(value, "arrayValue", dict, {}), "values", list, [])
        return [_value(one if isinstance(one, dict) else {}, depth + 1) for one in values]
    if "kvlistValue" in value:
        return _attributes(_of(value, "kvlistValue", dict, {}).get("values"), depth + 1)
    if "doubleValue" in value:
        return _number(value["doubleValue"])
    return next((_of(value, kind, wanted, None) for kind, wanted in PLAIN.items() if kind in value), None)


PLAIN: Final[Mapping[str, Any]] = {"stringValue": str, "boolValue": bool, "bytesValue": str}

WORDS: Final[Mapping[Any, str]] = {str: "text", bool: "true or false", dict: "an object", list: "a list"}


def _of(value: Mapping[str, Any], name: str, wanted: Any, otherwise: Any) -> Any:
    """A field that may be left out or null. Raises ValueError for one of another type."""
    found = value.get(name)
    if found is None:
        return otherwise
    if not isinstance(found, wanted):
        raise ValueError(f"{name}: must be {WORDS[wanted]}")
    return found


def _whole(value: Any, name: str) -> int:
    """As JSON of protobuf writes it: a number, or its digits as text."""
    is_whole = (isinstance(value, int | str) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    try:
        found = int(value) if is_whole and len(str(value)) <= DIGITS_MOST else None
    except ValueError:
        found = None
    if found is None or found.bit_length() > INT8_BITS:
        raise ValueError(f"{name}: must be a whole number of 64 bits")
    return found


def _number(value: Any) -> float:
    """As JSON of protobuf writes it: a number, or text such as "NaN"."""
    try:
        if not isinstance(value, bool) and isinstance(value, int | float | str):
            return float(value)
    except ValueError:
        pass
    raise ValueError("doubleValue: must be a number")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidBody("The body is no ExportTraceServiceRequest in the JSON of OTLP.")
    return value


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    return (_object(one) for one in _list(value))


def _list(value: Any) -> list[Any]:
    """A list that may be left out. Raises InvalidBody for anything else: no span in it could be told from another."""
    if value is not None and not isinstance(value, list):
        raise InvalidBody("The body is no ExportTraceServiceRequest in the JSON of OTLP.")
    return value or []


def _parsed(raw: bytes) -> Any:
    """JSON that may hold what no field of ours may, such as U+0000: it is one span's. Raises InvalidBody for what is none."""
    try:
        text = raw.decode()
        try:
            return json.loads(text, parse_int=_int)
        except RecursionError:
            return json.loads(_shallow(text), parse_int=_int)
    except UnicodeDecodeError as error:
        raise InvalidBody("The body is not UTF-8.") from error
    except ValueError as error:
        raise InvalidBody(f"The body is not valid JSON: {str(error)[:200]}") from error


def _int(digits: str) -> int | float:
    return int(digits) if len(digits) <= DIGITS_MOST else float(digits)


def _shallow(text: str) -> str:
    """The same JSON with null for what lies deeper than DEPTH_MOST: Python reads no deeper than its own stack. Raises ValueError."""
    kept: list[str] = []
    depth = begin = 0
    for found in TOKEN.finditer(text):
        if text[found.start()] in "[{":
            depth += 1
            if depth == DEPTH_MOST:
                kept += [text[begin : found.start()], "null"]
        elif text[found.start()] in "]}":
            if depth == DEPTH_MOST:
                begin = found.end()
            depth -= 1
    if depth >= DEPTH_MOST:
        raise ValueError("brackets are left open")
    return "".join([*kept, text[begin:]])
