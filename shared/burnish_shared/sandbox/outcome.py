"""What comes of running somebody's code, and what data may pass in and out. Pure."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from burnish_shared.storable_text import storable

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What JSON can say: data without behaviour, without cycles, without NaN."""

NESTING_MOST = 32
INTEGER_MOST = 2**63 - 1
MESSAGE_MOST = 500
"""Characters of a message that somebody's code may show."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. `time_s` of computing, `memory_bytes` of the interpreter's heap, `depth` of calls (PROMISES section 6).

    `code_bytes` and `inputs_bytes` are refused before anything runs; a result above `result_bytes`, counted as text, fails.
    """

    time_s: float = 1.0
    memory_bytes: int = 64 * 1024 * 1024
    depth: int = 200
    code_bytes: int = 64 * 1024
    inputs_bytes: int = 1024 * 1024
    result_bytes: int = 64 * 1024


DEFAULT_LIMITS = Limits()


class FailureKind(StrEnum):
    """Why a run has no value."""

    ERROR = "error"
    TIME = "time"
    MEMORY = "memory"
    DEPTH = "depth"
    RESULT = "result"
    CRASHED = "crashed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Value:
    """The code ran, and this is what it said."""

    value: Plain


@dataclass(frozen=True, slots=True)
class Refused:
    """The code or its inputs are not accepted; nothing ran. `line` and `column` from 1, None where no place is to blame."""

    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It ran, and ended without a value. `UNAVAILABLE` is the one that may succeed when it is tried again.

    `rest_s`: who waits so long may find it free, in seconds; None: waiting mends nothing. It makes no failure another one.
    """

    kind: FailureKind
    message: str
    line: int | None = None
    column: int | None = None
    rest_s: float | None = field(default=None, compare=False)


Result: TypeAlias = Value | Refused | Failed


class NotPlainError(ValueError):
    """A value that is not plain finite data; the message says where."""


def plain(value: object, *, most_bytes: int) -> Plain:
    """A copy as plain finite data; tuples become lists. Raises NotPlainError, also when it is longer than `most_bytes` as text."""
    meter = _Meter(most_bytes)
    return meter.copy(value, path="result", depth=0)


@dataclass(slots=True)
class _Meter:
    left_bytes: int

    def copy(self, value: object, *, path: str, depth: int) -> Plain:
        if depth > NESTING_MOST:
            raise NotPlainError(f"{path[:80]}: nested more than {NESTING_MOST} levels deep")
        if isinstance(value, list | tuple):
            self._spend(2 + len(value))
            return [self.copy(one, path=f"{path}[{index}]", depth=depth + 1) for index, one in enumerate(value)]
        if isinstance(value, Mapping):
            return self._mapping(value, path=path, depth=depth)
        return self._scalar(value, path=path)

    def _mapping(self, value: Mapping[object, object], *, path: str, depth: int) -> Plain:
        made: dict[str, Plain] = {}
        for key, one in value.items():
            if not isinstance(key, str):
                raise NotPlainError(f"{path[:80]}: keys must be strings")
            self._spend(len(key) + 4)
            made[storable(key)] = self.copy(one, path=f"{path}.{key[:40]}", depth=depth + 1)
        return made

    def _scalar(self, value: object, *, path: str) -> Plain:
        if value is None or isinstance(value, bool):
            self._spend(5)
            return value
        if isinstance(value, int):
            if not -INTEGER_MOST - 1 <= value <= INTEGER_MOST:
                raise NotPlainError(f"{path[:80]}: a number beyond 64 bits")
            self._spend(20)
            return int(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise NotPlainError(f"{path[:80]}: not a finite number")
            self._spend(20)
            return float(value)
        if isinstance(value, str):
            self._spend(2 + len(value))
            return storable(value)
        raise NotPlainError(f"{path[:80]}: {type(value).__name__[:40]} is not plain data (null, true, numbers, text, lists, objects)")

    def _spend(self, n_bytes: int) -> None:
        self.left_bytes -= n_bytes
        if self.left_bytes < 0:
            raise NotPlainError("longer than the limit")


def refusal_of(inputs: Mapping[str, Plain], limits: Limits) -> Refused | None:
    """Why these inputs are not taken; None when they are."""
    try:
        inputs_bytes = len(json.dumps(inputs, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        return Refused("the inputs are not plain finite data")
    if inputs_bytes > limits.inputs_bytes:
        return Refused(f"the inputs are longer than {limits.inputs_bytes} bytes")
    return None


def shortened(message: str) -> str:
    """A message that is fit to be shown: one line, bounded."""
    return " ".join(storable(message).split())[:MESSAGE_MOST] or "no message"
