"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): half of the well-formed ids become those of things that exist; statuses are counted.

Half of the well-formed bodies become a body that the route accepts, with one field of the fuzzer's. Without both nearly every call would
end at 404 or at the first wrong field, and what lies behind would never be asked.
"""

import atexit
import json
import os
import zlib
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import schemathesis

from tests.security.world import NUMBERS, OTHER_PARAMETERS, PATH_PARAMETERS, bodies

OWN: dict[str, str] = json.loads(os.environ["BURNISH_FUZZ_OWN"])
COUNTS = Path(os.environ["BURNISH_FUZZ_COUNTS"])

RIGHT = bodies(OWN)

KEPT = ("DELETE /v1/api-keys/{api_key_id}", "DELETE /v1/members/{user_id}")
"""Calls that would take the ground from under all others; they are made with ids that nobody has."""

statuses: Counter[str] = Counter()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Puts a thing that exists in the place of an id that is only well formed, in every other call."""
    name = f"{case.operation.method.upper()} {case.operation.path}"
    if _is_positive(case) and isinstance(case.body, dict) and (right := RIGHT.get(name)) and _choose(f"{name}{sorted(case.body)}") % 2:
        field = sorted(case.body)[_choose(str(case.body)) % len(case.body)] if case.body else None
        case.body = {**right, field: case.body[field]} if field else dict(right)
    for parameter, value in (case.path_parameters or {}).items():
        if name in KEPT or parameter in NUMBERS or not isinstance(value, str):
            continue
        thing = OTHER_PARAMETERS.get(name, {}).get(parameter) or PATH_PARAMETERS.get(parameter, "")
        if thing in OWN and _is_well_formed(value) and _choose(f"{name}{value}") % 2:
            case.path_parameters[parameter] = OWN[thing]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Counts what came back, so that a run that was refused everywhere is seen."""
    statuses[f"{case.operation.method.upper()} {case.operation.path} {response.status_code}"] += 1


def _choose(text: str) -> int:
    """The same dice in every run."""
    return zlib.crc32(text.encode(errors="replace"))


def _is_positive(case: Any) -> bool:
    meta = getattr(case, "meta", None)
    return meta is not None and meta.generation.mode.is_positive


def _is_well_formed(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return value.replace("-", "").isalnum()
    return True


atexit.register(lambda: COUNTS.write_text(json.dumps(statuses)))
