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
    "/v1/completions": '{"model": "simulated/chat", "prompt": "Hello"}',
    "/v1/messages": '{"model": "simulated/chat", "max_tokens": 200, ' + HELLO + "}",
    "/v1/messages/count_tokens": '{"model": "simulated/chat", ' + HELLO + "}",
    "/v1/messages/batches": '{"requests": [{"custom_id": "1", "params": {"model": "simulated/chat", "max_tokens": 200, ' + HELLO + "}}]}",
    "/v1/responses": '{"model": "simulated/chat", "input": "Hello"}',
    "/v1/responses/input_tokens": '{"model": "simulated/chat", "input": "Hello"}',
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

ARRAY: Final = "a JSON array"
NO_OBJECT: Final = "JSON and no object"
SINGLE: Final = re.compile(rb'null|true|false|-?[0-9][0-9.eE+-]{0,400}|"[^"\\]*"')
"""A value that is neither an object nor an array."""

FIRST: Final = json.JSONDecoder()

FORM: Final = re.compile(rb"%(?:7B|5B)|[A-Za-z0-9_.%\[\]-]{1,100}=", re.IGNORECASE)
IN_PARTS: Final = re.compile(rb"--[^\r\n]{1,200}\r?\ncontent-", re.IGNORECASE)
LINES: Final = "JSON lines, an object on each line"
JOINED: Final = "JSON lines without their line breaks, which curl keeps with --data-binary in place of -d"
LINE: Final = "a JSON line of a batch"
ARE_LINES: Final = frozenset({LINES, JOINED, LINE})

OF_LINES: Final = {"/v1/batches": "custom_id"}
"""A field that a line has, and the body of its route has not."""

TWO_OBJECTS: Final = re.compile(rb"\}\s*\{")


def what_it_is(raw: bytes) -> str | None:
    """None where it looks like a JSON object, or like nothing that is known."""
    text = raw.removeprefix(BOM_UTF8).strip()
    if not text:
        return "empty"
    if text.startswith(b"{"):
        return _lines(text)
    if text.startswith(b"["):
        return ARRAY if _is_array(text) else None
    if text.startswith(b"<"):
        return "XML or a page"
    if raw.startswith(b"\x1f\x8b"):
        return "compressed"
    if SINGLE.fullmatch(text):
        return NO_OBJECT
    if IN_PARTS.match(text[:HEAD_BYTES]):
        return "a form in parts (multipart/form-data)"
    return "a form (name=value)" if FORM.match(text[:HEAD_BYTES]) else None


def _lines(text: bytes) -> str | None:
    """An object comes first, and another one follows: on a line of its own, or right behind it."""
    if TWO_OBJECTS.search(text) is None:
        return None
    try:
        decoded = text.decode()
        first, end = FIRST.raw_decode(decoded)
    except (ValueError, RecursionError):
        return None
    between, brace, _ = decoded[end:].partition("{")
    if not isinstance(first, dict) or not brace or between.strip():
        return None
    return LINES if "\n" in between else JOINED


def _is_array(text: bytes) -> bool:
    """What begins like one may have been cut off; then it is said where."""
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def in_words(what: str, *, path: str) -> InvalidBody:
    example = EXAMPLES.get(path)
    shown = "" if example is None else f", such as {example}"
    return InvalidBody(f"The body is {what}. This takes one JSON object{shown}{LINES_GO.get(path, '') if what in ARE_LINES else ''}.")


def json_of(raw: bytes, *, path: str) -> Any:
    """Strict JSON of a body; of a route that has an example an object, and no line of what it takes many of. Raises InvalidBody."""
    value = parsed(parse_json, raw, path=path)
    if not isinstance(value, dict) and path in EXAMPLES:
        raise in_words(ARRAY if isinstance(value, list) else NO_OBJECT, path=path)
    if isinstance(value, dict) and OF_LINES.get(path) in value:
        raise in_words(LINE, path=path)
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
