"""Adds to rollup rows, in order of key."""

from typing import Any, Final

from burnish_analytics.core.rollup import SUMS, Deltas, Measures, RollupKey
from burnish_shared.db.session import Tx

KEY_KINDS: Final = {
    "workspace_id": "uuid",
    "grain": "text",
    "bucket": "timestamptz",
    "slug": "text",
    "version": "integer",
    "label": "text",
    "model": "text",
    "traffic": "text",
}
HISTOGRAMS: Final = ("latency", "first_token")
COLUMNS: Final = (*KEY_KINDS, *SUMS, *HISTOGRAMS)

_ARRAYS: Final = ", ".join(
    [f"${n}::{kind}[]" for n, kind in enumerate((*KEY_KINDS.values(), *["bigint"] * len(SUMS), *["text"] * len(HISTOGRAMS)), 1)]
)

_MERGED: Final = "{one} = CASE WHEN excluded.{one} = '{{}}' THEN r.{one} ELSE add_histograms(r.{one}, excluded.{one}) END"

ADD: Final = f"""
INSERT INTO rollups AS r ({", ".join(COLUMNS)})
SELECT {", ".join((*KEY_KINDS, *SUMS))}, {", ".join(f"{one}::integer[]" for one in HISTOGRAMS)}
  FROM unnest({_ARRAYS}) u({", ".join(COLUMNS)})
ON CONFLICT ({", ".join(KEY_KINDS)}) DO UPDATE SET
  {", ".join(f"{one} = r.{one} + excluded.{one}" for one in SUMS)},
  {", ".join(_MERGED.format(one=one) for one in HISTOGRAMS)}"""


async def add_deltas(tx: Tx, deltas: Deltas) -> None:
    """Adds every delta to its row. Rows are locked in order of key, so two replicas cannot wait for each other in a circle."""
    rows = [_row(key, measures) for key, measures in deltas.in_order()]
    if rows:
        await tx.execute(ADD, *(list(column) for column in zip(*rows, strict=True)))


def _row(key: RollupKey, measures: Measures) -> tuple[Any, ...]:
    return (
        *(getattr(key, name) for name in KEY_KINDS),
        *(getattr(measures, name) for name in SUMS),
        *(as_array(getattr(measures, name)) for name in HISTOGRAMS),
    )


def as_array(counts: list[int]) -> str:
    """An integer array as text: arrays of unequal length cannot be elements of one array parameter."""
    return "{" + ",".join(map(str, counts)) + "}"
