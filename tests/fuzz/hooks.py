"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): half of the well-formed ids become those of things that exist; statuses are counted.

Without it nearly every call with an id would end at 404, and what lies behind would never be asked.
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

from tests.security.world import NUMBERS, OTHER_PARAMETERS, PATH_PARAMETERS

OWN: dict[str, str] = json.loads(os.environ["BURNISH_FUZZ_OWN"])
COUNTS = Path(os.environ["BURNISH_FUZZ_COUNTS"])

KEPT = ("DELETE /v1/api-keys/{api_key_id}", "DELETE /v1/members/{user_id}")
"""Calls that would take the ground from under all others; they are made with ids that nobody has."""

statuses: Counter[str] = Counter()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Puts a thing that exists in the place of an id that is only well formed, in every other call."""
    name = f"{case.operation.method.upper()} {case.operation.path}"
    for parameter, value in (case.path_parameters or {}).items():
        if name in KEPT or parameter in NUMBERS or not isinstance(value, str):
            continue
        thing = OTHER_PARAMETERS.get(name, {}).get(parameter) or PATH_PARAMETERS.get(parameter, "")
        if thing in OWN and _is_well_formed(value) and zlib.crc32(f"{name}{value}".encode()) % 2:
            case.path_parameters[parameter] = OWN[thing]


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Counts what came back, so that a run that was refused everywhere is seen."""
    statuses[f"{case.operation.method.upper()} {case.operation.path} {response.status_code}"] += 1


def _is_well_formed(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return value.replace("-", "").isalnum()
    return True


atexit.register(lambda: COUNTS.write_text(json.dumps(statuses)))
