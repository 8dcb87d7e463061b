"""From somebody else's payload to a reaction: an expression for each field (docs/guides/expressions.md). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.expressions import ExpressionError, Node, Work, evaluate, holds, parse

THUMBS: Final = {"up": "up", "down": "down", 1: "up", 0: "down", -1: "down"}
"""What a mapped thumb may be: the words, 1 and 0 or -1, and true and false, which are 1 and 0 to Python."""

IDS: Final = frozenset({"execution_id", "session_id", "imported", "user_id", "id"})
"""Fields that a number may stand for: other systems count their users and conversations."""

LITERALS: Final = ("metric_name", "imported_source")
"""What stands in a stored mapping as it is."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Parsed expressions by field, the name of the metric that `metric` is the value of, and the source that `imported` is an id of."""

    nodes: Mapping[str, Node]
    metric_name: str | None = None
    imported_source: str | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """`body`: for FeedbackBody; `message_id`: the sender's id of this message, where the payload has it."""

    body: dict[str, Any]
    message_id: str | None


def compiled(stored: Mapping[str, str]) -> FieldMapping:
    """Raises InvalidField naming the expression and the column of its first mistake."""
    nodes: dict[str, Node] = {}
    for name, text in stored.items():
        if name in LITERALS:
            continue
        try:
            nodes[name] = parse(text)
        except ExpressionError as error:
            raise InvalidField(f"mapping.{name}: {error}", param=f"mapping.{name}") from error
    return FieldMapping(nodes, stored.get("metric_name"), stored.get("imported_source"))


def mapped(mapping: FieldMapping, payload: Mapping[str, Any]) -> Mapped | None:
    """The reaction in a payload; None where `when` says that there is none in it. Raises InvalidField naming the expression."""
    when, work = mapping.nodes.get("when"), Work()
    if when is not None and not _computed("when", lambda: holds(when, payload, work=work)):
        return None
    values = dict(_values(mapping, payload, work))
    message_id = values.pop("id", None)
    metric = values.pop("metric", None)
    if metric is not None:
        values["metric"] = {"name": mapping.metric_name, "value": metric}
    theirs = values.pop("imported", None)
    if theirs is not None:
        values["imported"] = {"source": mapping.imported_source, "id": theirs}
    return Mapped(values, message_id)


def _values(mapping: FieldMapping, payload: Mapping[str, Any], work: Work) -> Iterator[tuple[str, Any]]:
    for name, node in mapping.nodes.items():
        if name == "when":
            continue
        value = _computed(name, lambda node=node: evaluate(node, payload, work=work))
        if value is not None and value != "":
            yield name, _fitting(name, value)


def _fitting(name: str, value: Any) -> Any:
    if name == "thumb":
        key = value.lower() if isinstance(value, str) else value
        if not isinstance(key, str | bool | int | float) or key not in THUMBS:
            raise InvalidField("mapping.thumb: gave neither up nor down, true nor false, 1 nor 0.", param="mapping.thumb")
        return THUMBS[key]
    if name in ("score", "metric"):
        if isinstance(value, bool):
            value = int(value)
        if not isinstance(value, int | float):
            raise InvalidField(f"mapping.{name}: gave no number.", param=f"mapping.{name}")
        return float(value)
    if name in IDS and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise InvalidField(f"mapping.{name}: gave no text.", param=f"mapping.{name}")
    return value


def _computed(name: str, compute: Any) -> Any:
    try:
        return compute()
    except ExpressionError as error:
        raise InvalidField(f"mapping.{name}: {error}", param=f"mapping.{name}") from error
