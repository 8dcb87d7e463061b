"""Which events patterns mean, and whether a filter can ever match one of them. Pure."""

from collections.abc import Collection, Mapping, Sequence

from burnish_shared.contracts.event_catalogue import CATALOGUE
from burnish_shared.contracts.events import EVENT_TYPES, EventType
from burnish_shared.contracts.webhooks import BY_NAME_ALONE, FILTER_FIELDS, UNSUBSCRIBABLE
from burnish_shared.errors import InvalidField

SUBSCRIBABLE: tuple[EventType, ...] = tuple(one for one in CATALOGUE if one not in UNSUBSCRIBABLE)
PATTERNS = frozenset(
    {"*"} | {one.rpartition(".")[0] + ".*" for one in SUBSCRIBABLE} | {one.partition(".")[0] + ".*" for one in SUBSCRIBABLE}
)


def types_of(patterns: Sequence[str]) -> tuple[str, ...]:
    """The types that patterns mean, `webhook.test` among them for `*`; none for no pattern and for all."""
    if not patterns or "*" in patterns:
        return ()
    return tuple(one for one in EVENT_TYPES if any(one == it or (it.endswith(".*") and one.startswith(it[:-1])) for it in patterns))


def filters_of(event_type: EventType) -> list[str]:
    """The filters that can match events of a type: its data has a field that the filter looks at."""
    fields = CATALOGUE[event_type].data.model_fields
    return [name for name, looked_at in FILTER_FIELDS.items() if any(field in fields for field in looked_at)]


def check_reach(patterns: Sequence[str], filters: Mapping[str, Collection[str]]) -> None:
    """Raises InvalidField for filters that no event of these patterns can ever match: the endpoint would be silent for good."""
    given = [name for name in FILTER_FIELDS if filters.get(name)]
    chosen = [one for one in SUBSCRIBABLE if _goes_to(patterns, one)]
    for name in given:
        if not any(name in filters_of(one) for one in chosen):
            carry = ", ".join(one for one in SUBSCRIBABLE if name in filters_of(one))
            raise InvalidField(
                f"filters.{name}: none of the chosen events carries a {name[:-1]}, so none would ever be sent. Those that do: {carry}.",
                param=f"filters.{name}",
            )
    if given and not any(set(given) <= set(filters_of(one)) for one in chosen):
        raise InvalidField(
            "filters: no one of the chosen events carries both a prompt and a label, so none would ever be sent.", param="filters"
        )


def _goes_to(patterns: Sequence[str], event_type: str) -> bool:
    if event_type in BY_NAME_ALONE:
        return event_type in patterns
    return any(one in ("*", event_type) or (one.endswith(".*") and event_type.startswith(one[:-1])) for one in patterns)
