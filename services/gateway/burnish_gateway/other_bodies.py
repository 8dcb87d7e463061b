"""A body that is something else than the JSON object which a route takes: what it is, and what is wanted, with an example. Pure."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any, Final, TypeVar

from burnish_gateway.strict_json import parse_json
from burnish_shared.errors import InvalidBody

T = TypeVar("T")

HELLO: Final = '"messages": [{"role": "user", "content": "Hello"}]'

EXAMPLES: Final = {
    "/v1/chat/completions": '{"model": "simulated/chat", ' + HELLO + "}",
    "/v1/messages": '{"model": "simulated/chat", "max_tokens": 200, ' + HELLO + "}",
    "/v1/responses": '{"model": "simulated/chat", "input": "Hello"}',
    "/v1/embeddings": '{"model": "simulated/embed", "input": "Hello"}',
    "/v1/executions": '{"model": "simulated/chat", ' + HELLO + "}",
    "/v1/batches": '{"requests": [{"custom_id": "1", "body": {"model": "simulated/chat", ' + HELLO + "}}]}",
    "/v1/feedback": '{"execution_id": "…", "thumb": "up"}',
}
"""Of the routes that applications call."""

LINES_GO: Final = {
    "/v1/batches": "; JSON lines are uploaded with POST /v1/files, whose id is sent as input_file_id",
    "/v1/feedback": "; JSON lines go to POST /v1/feedback/batch",
}
"""Routes beside which another one takes lines."""

HEAD_BYTES: Final = 2000
"""So much of a body is looked at to tell what it is."""

FORM: Final = re.compile(rb"%(?:7B|5B)|[A-Za-z0-9_.%\[\]-]{1,100}=", re.IGNORECASE)
IN_PARTS: Final = re.compile(rb"--[^\r\n]{1,200}\r?\ncontent-", re.IGNORECASE)
LINES: Final = "JSON lines, an object on each line"


def what_it_is(raw: bytes) -> str | None:
    """None where it looks like a JSON object, or like nothing that is known."""
    text = raw.removeprefix(BOM_UTF8).strip()
    if not text:
        return "empty"
    if text.startswith(b"{"):
        return LINES if _is_lines(text) else None
    if text.startswith(b"["):
        return "a JSON array"
    if text.startswith(b"<"):
        return "XML or a page"
    if raw.startswith(b"\x1f\x8b"):
        return "compressed"
    if IN_PARTS.match(text[:HEAD_BYTES]):
        return "a form in parts (multipart/form-data)"
    return "a form (name=value)" if FORM.match(text[:HEAD_BYTES]) else None


def _is_lines(text: bytes) -> bool:
    """The first line is an object, and another one follows."""
    first, _, rest = text.partition(b"\n")
    if not rest.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def in_words(what: str, *, path: str) -> InvalidBody:
    example = EXAMPLES.get(path)
    shown = "" if example is None else f", such as {example}"
    return InvalidBody(f"The body is {what}. This takes one JSON object{shown}{LINES_GO.get(path, '') if what == LINES else ''}.")


def json_of(raw: bytes, *, path: str) -> Any:
    """Strict JSON of a body; of a route that has an example, no list. Raises InvalidBody."""
    value = parsed(parse_json, raw, path=path)
    if isinstance(value, list) and path in EXAMPLES:
        raise in_words("a JSON array", path=path)
    return value


def parsed(parse: Callable[[bytes], T], raw: bytes, *, path: str) -> T:
    """What `parse` makes of the body. Where it raises InvalidBody for something else than JSON, that is told in its place."""
    try:
        return parse(raw)
    except InvalidBody as error:
        what = what_it_is(raw)
        if what is None:
            raise
        raise in_words(what, path=path) from error
