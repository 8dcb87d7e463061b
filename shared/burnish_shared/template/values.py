"""What a variable's value may be, and the text that stands for it. The text is the same in every language that shares the cases.

Numbers print as ECMAScript prints them (`Number::toString`), objects and arrays as compact JSON in their own order, so that a
TypeScript and a Python client render a template to the same bytes.
"""

import json
import math
import re
from typing import Any, Final, Literal, get_args

VariableType = Literal["string", "number", "boolean", "object", "array", "image_url"]
VARIABLE_TYPES: Final[tuple[str, ...]] = get_args(VariableType)

IMAGE_URL: Final = "image_url"
"""A string that becomes a picture of its message: an http(s) address, or the picture itself as a data URL."""

_IMAGE_URL = re.compile(r"https?://[!#-;=?-~]{1,8192}|data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")

MAX_VALUE_DEPTH: Final = 32
"""Objects and arrays inside one another in a value that is printed as JSON."""


class ValueTooDeep(ValueError):
    """An object or array is nested deeper than MAX_VALUE_DEPTH."""


def one_of_type(type_: str) -> str:
    """`a number`, `an array`: a type of JSON or of a template with its article."""
    return f"{'an' if type_[:1] in 'aeiou' else 'a'} {type_}"


def type_of(value: object) -> str:
    """The type of a JSON value as a template names it; 'null' for None, 'unknown' for what JSON does not have."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return "unknown"


def has_type(value: object, wanted: str) -> bool:
    """Is it of that type? A picture is a string of a certain form."""
    if wanted == IMAGE_URL:
        return isinstance(value, str) and _IMAGE_URL.fullmatch(value) is not None
    return type_of(value) == wanted


def is_truthy(value: object) -> bool:
    """What `#if` asks: there, and neither null, false, 0, nor an empty text, list or object."""
    return value is not None and value not in (False, 0, "", [], {})


def text_of(value: Any) -> str:
    """The text that replaces `{{name}}`: strings as they are, all else as JSON. Raises ValueError for what is no JSON value or too deep."""
    return value if type(value) is str else _json_text(value, depth=0)


def _json_text(value: Any, *, depth: int) -> str:
    if depth > MAX_VALUE_DEPTH:
        raise ValueTooDeep(f"deeper than {MAX_VALUE_DEPTH}")
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(value)
        case float():
            return number_text(value)
        case list():
            return "[" + ",".join(_json_text(one, depth=depth + 1) for one in value) + "]"
        case dict():
            pairs = (f"{json.dumps(str(key), ensure_ascii=False)}:{_json_text(one, depth=depth + 1)}" for key, one in value.items())
            return "{" + ",".join(pairs) + "}"
        case _:
            raise ValueError(f"{type(value).__name__} is no JSON value")


def number_text(value: float) -> str:
    """A finite number as ECMA-262 (section 6.1.6.1.20) prints it: shortest digits, an exponent from 1e21 and below 1e-6."""
    if not math.isfinite(value):
        raise ValueError("a number must be finite")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent_text or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0") or "0"
    return sign + _placed(digits, point=point)


def _placed(digits: str, *, point: int) -> str:
    """`digits` with the decimal point after `point` of them (0 or less: zeros come first), with an exponent where ECMAScript writes one."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = point - 1
    mantissa = digits if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{'+' if exponent > 0 else '-'}{abs(exponent)}"
