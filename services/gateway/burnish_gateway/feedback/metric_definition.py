"""What a named metric means, as a workspace declares it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from burnish_shared.errors import InvalidField

MetricType = Literal["binary", "number", "duration_ms", "money"]
Direction = Literal["higher", "lower"]

DEFINITIONS_MOST: Final = 200
"""A gateway keeps those of each workspace in memory."""


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """`direction`: which values are better. `least` and `most`: borders that still count."""

    name: str
    type: MetricType
    direction: Direction
    least: float | None = None
    most: float | None = None


Definitions = Mapping[str, MetricDefinition]


def check_definition(definition: MetricDefinition) -> None:
    """Raises InvalidField where the parts contradict one another."""
    if definition.type == "binary" and (definition.least is not None or definition.most is not None):
        raise InvalidField("min: a binary metric is 0 or 1 and has no other borders; leave min and max out.", param="min")
    if definition.least is not None and definition.most is not None and definition.least > definition.most:
        raise InvalidField(f"min: is {definition.least:g}, above max, {definition.most:g}.", param="min")
    if definition.type == "duration_ms" and definition.least is not None and definition.least < 0:
        raise InvalidField("min: a duration is never negative.", param="min")


def check_value(definitions: Definitions, name: str, value: float) -> None:
    """Raises InvalidField for a value that the declaration rules out. A name that nobody declared may have any."""
    definition = definitions.get(name)
    if definition is None:
        return
    if definition.type == "binary" and value not in (0, 1):
        raise _refused(definition, "is declared binary: 0 or 1")
    if definition.type == "duration_ms" and value < 0:
        raise _refused(definition, "is declared a duration, which is never negative")
    if definition.least is not None and value < definition.least:
        raise _refused(definition, f"is declared to be at least {definition.least:g}")
    if definition.most is not None and value > definition.most:
        raise _refused(definition, f"is declared to be at most {definition.most:g}")


def _refused(definition: MetricDefinition, why: str) -> InvalidField:
    """Without the value: an inbound endpoint keeps what is said here, and nothing of what was sent (G-10)."""
    return InvalidField(f"metric.value: {definition.name} {why}.", param="metric.value")
