"""What is sent to a sandbox of Daytona, and what is read of what it printed. Pure."""

import base64
import inspect
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from burnish_shared.sandbox import daytona_harness
from burnish_shared.sandbox.outcome import Failed, FailureKind, Limits, NotPlainError, Plain, Refused, Result, Value, plain, shortened

HARNESS: Final = inspect.getsource(daytona_harness)

NO_ANSWER: Final = Failed(FailureKind.CRASHED, "the sandbox ended before this input")
SOMETHING_ELSE: Final = Failed(FailureKind.CRASHED, "the sandbox sent something else")

BEGIN: Final = re.compile(re.escape(daytona_harness.BEGIN) + "([0-9a-f]{32})")


def program_of(code: str, many: Sequence[Mapping[str, Plain]], limits: Limits, *, harness: str = HARNESS) -> str:
    """The harness, and its job; both in base64."""
    job = {
        "code": code, "many": many, "time_s": limits.time_s, "memory_bytes": limits.memory_bytes, "result_bytes": limits.result_bytes,
    }  # fmt: skip
    source, text = (base64.b64encode(one.encode()).decode() for one in (harness, json.dumps(job, allow_nan=False)))
    return f'import base64\nsource = base64.b64decode("{source}").decode()\nexec(source)\nmain("{text}", source)\n'


def results_of(printed: str, n: int, limits: Limits) -> list[Result]:
    """One for each input, in their order. Lines without the token of the first one are none: code may find a way to print, but never sees
    the token."""
    lines = printed.splitlines()
    begun = next((found for line in lines if (found := BEGIN.fullmatch(line))), None)
    if begun is None:
        return [NO_ANSWER] * n
    start = f"{daytona_harness.MARK}{begun[1]}:"
    told: dict[str, Result] = {}
    for line in lines:
        if line.startswith(start):
            at, _, text = line.removeprefix(start).partition(":")
            told.setdefault(at, _result(text, limits))
    return [told.get(str(at), NO_ANSWER) for at in range(n)]


def _result(text: str, limits: Limits) -> Result:
    """Of what the harness says of one input: the input's own process told it, so nothing of it is taken on trust."""
    try:
        match json.loads(text):
            case {"refused": [message, int() | None as at, int() | None as column]}:
                return Refused(shortened(str(message)), at, column)
            case {"failed": [kind, message, int() | None as at]}:
                return Failed(FailureKind(kind), shortened(str(message)), at)
            case {"value": value}:
                return Value(plain(value, most_bytes=limits.result_bytes))
            case _:
                return SOMETHING_ELSE
    except NotPlainError as error:
        return Failed(FailureKind.RESULT, shortened(str(error)))
    except (ValueError, RecursionError):
        return SOMETHING_ELSE
