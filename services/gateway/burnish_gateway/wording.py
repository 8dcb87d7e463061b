"""What pydantic found wrong, as a person would say it."""

from typing import Any

VISIBLE = r"\S"
"""Of a name that a person can see on a page: not blanks alone."""

PATTERNS: dict[str, str] = {
    VISIBLE: "must say something",
    r"^[^\s]+$": "may hold no blanks",
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "must be small letters, digits, - and _, at most 63, a letter or digit first",
    r"^[a-z][a-z0-9_-]{0,30}$": "must be a small letter, then small letters, digits, - or _; at most 31 characters",
    r"^[a-z][a-z0-9_]{0,30}$": "must be a small letter, then small letters, digits or _; at most 31 characters",
    r"^[a-z][a-z0-9_-]*$": "must be a small letter, then small letters, digits, - or _",
    r"^[A-Za-z0-9][A-Za-z0-9._ -]*$": "must begin with a letter (a to z) or digit, and go on with such letters, digits, blanks, ., _ or -",
    r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$": "must begin with a letter or digit, and go on with letters, digits, ., _, :, /, @ or -",
    r"^[A-Za-z0-9-]{1,64}$": "must be letters, digits and -, at most 64",
    r"^[A-Za-z0-9_-]{16,64}$": "must be 16 to 64 letters, digits, - and _",
    r"^[!-~]{0,32}$": "may have at most 32 characters, without blanks, accents and the like",
    r"^[!-~]{16,500}$": "must have 16 to 500 characters, without blanks, accents and the like",
    r"^[0-9a-f]{32}$": "must be 32 hex digits, in small letters",
    r"^[0-9a-f]{64}$": "must be 64 hex digits, in small letters",
    r"^\d{4}-\d{2}$": "must be a month, such as 2026-11",
    r"^[a-z_-]{1,32}/[A-Za-z0-9_.-]{1,100}$": "must be a kind and an id, such as prompts/support-triage",
}
"""Pattern → what it asks for, in words. Features add theirs."""


def in_words(error: Any) -> str:
    """pydantic's message as a person would say it; a kind that is not known here is told in pydantic's words."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in KINDS:
        return KINDS[kind]
    if kind in BOUNDS:
        words, where = BOUNDS[kind]
        return f"must be {words} {_plainly(context[where])}"
    if kind in LENGTHS:
        return _length(kind, context, error.get("input"))
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(context["pattern"]) or f"must match the pattern {context['pattern']}"
    if kind == "union_tag_invalid":
        return f"{context['discriminator'].strip(QUOTES)} must be {_listed(context['expected_tags'])}"
    if kind == "union_tag_not_found":
        return f"{context['discriminator'].strip(QUOTES)} is needed"
    if kind in ("literal_error", "enum"):
        return f"must be {JSON_WORDS.get(context['expected'], context['expected'])}"
    return str(error["msg"]).removeprefix("Value error, ")


def _length(kind: str, context: dict[str, Any], given: object) -> str:
    is_text = isinstance(given, str)
    unit = "characters" if is_text or kind.startswith("string") else "items"
    if "max_length" in context:
        has = f"; it has {len(given)}" if isinstance(given, str | list | dict) else ""
        return f"may have at most {context['max_length']} {unit}{has}"
    least = context["min_length"]
    if least == 1:
        return "may not be empty"
    return f"must have at least {least} {unit}"


QUOTES = "'"

JSON_WORDS = {"True": "true", "False": "false", "None": "null"}

LENGTHS = frozenset({"too_long", "too_short", "string_too_long", "string_too_short"})

BOUNDS = {
    "less_than_equal": ("at most", "le"),
    "less_than": ("below", "lt"),
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("above", "gt"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
"""pydantic's kind of error → our words, and where it keeps the number."""

KINDS = {
    "extra_forbidden": "is no field of this call; see /openapi.json",
    "missing": "is needed",
    "timezone_aware": "must say its time zone, such as 2026-11-20T08:00:00Z",
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    "int_parsing_size": "is too large a number",
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "list_type": "must be a list",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "must be an object"),
    **dict.fromkeys(("uuid_parsing", "uuid_type"), "must be a UUID, such as 01930000-0000-7000-8000-000000000000"),
    **dict.fromkeys(
        ("datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid", "datetime_type"),
        "must be a date and time as RFC 3339 writes it, such as 2026-11-20T08:00:00Z",
    ),
    **dict.fromkeys(("date_parsing", "date_from_datetime_parsing", "date_type"), "must be a date, such as 2026-11-20"),
}
"""pydantic's kind of error → what is wanted. What is not here is told in pydantic's words."""


def _listed(tags: str) -> str:
    """'a', 'b', 'c' as pydantic lists the values of an enumeration: 'a', 'b' or 'c'."""
    before, _, last = tags.rpartition(", ")
    return f"{before} or {last}" if before else last


def _plainly(number: Any) -> str:
    """3600000.0 is 3600000, not 3.6e+06."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)
