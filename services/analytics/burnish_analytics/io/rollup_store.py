"""Adds to rollup rows, in order of key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from burnish_analytics.core.rollup import SUMS, Deltas, EndUserKey, Measures
from burnish_shared.db.session import Tx
from burnish_shared.distinct import EMPTY, marked
from burnish_shared.measures import SUM_MOST

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
SET_KINDS: Final = {
    "workspace_id": "uuid",
    "grain": "text",
    "bucket": "timestamptz",
    "dimension": "text",
    "value": "text",
    "slug": "text",
    "traffic": "text",
}
METRIC_KINDS: Final = {
    "workspace_id": "uuid",
    "grain": "text",
    "bucket": "timestamptz",
    "metric": "text",
    **dict(list(KEY_KINDS.items())[3:]),
}
METRIC_SUMS: Final = {"reactions": "bigint", "positives": "bigint", "total": "numeric"}
END_USER_KINDS: Final = {"workspace_id": "uuid", "grain": "text", "bucket": "timestamptz", "slug": "text"}

COST: Final = "cost_nusd"

_COST_ADDED: Final = f"least(r.{COST}, {SUM_MOST} - greatest(excluded.{COST}, 0)) + excluded.{COST}"

_MERGED: Final = "{one} = CASE WHEN excluded.{one} = '{{}}' THEN r.{one} ELSE add_histograms(r.{one}, excluded.{one}) END"


def _arrays(kinds: Iterable[str]) -> str:
    return ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))


def _adding(table: str, keys: Mapping[str, str], *, beside: str = "") -> str:
    """Adds measures to rows of `table`. `beside`: what is joined, once."""
    columns = (*keys, *SUMS, *HISTOGRAMS)
    arrays = _arrays((*keys.values(), *["bigint"] * len(SUMS), *["text"] * len(HISTOGRAMS)))
    return f"""
INSERT INTO {table} AS r ({", ".join(columns)})
SELECT {", ".join((*keys, *SUMS))}, {", ".join(f"{one}::integer[]" for one in HISTOGRAMS)}
  FROM unnest({arrays}) u({", ".join(columns)}){beside}
ON CONFLICT ({", ".join(keys)}) DO UPDATE SET
  {", ".join(f"{one} = {_COST_ADDED if one == COST else f'r.{one} + excluded.{one}'}" for one in SUMS)},
  {", ".join(_MERGED.format(one=one) for one in HISTOGRAMS)}"""


# Rows of the whole workspace are written in the same transaction, as who writes these alone does not say (0111_whole_workspaces.sql).
ADD: Final = _adding("rollups", KEY_KINDS, beside=", set_config('app.writes_whole', 'on', true) says_so")
ADD_SETS: Final = _adding("rollup_sets", SET_KINDS)

ADD_METRICS: Final = f"""
INSERT INTO rollup_metrics AS r ({", ".join((*METRIC_KINDS, *METRIC_SUMS))})
SELECT * FROM unnest({_arrays((*METRIC_KINDS.values(), *METRIC_SUMS.values()))})
ON CONFLICT ({", ".join(METRIC_KINDS)}) DO UPDATE SET {", ".join(f"{one} = r.{one} + excluded.{one}" for one in METRIC_SUMS)}"""

MAKE_SKETCHES: Final = f"""
INSERT INTO rollup_end_users ({", ".join(END_USER_KINDS)}, sketch)
SELECT u.*, ${len(END_USER_KINDS) + 1} FROM unnest({_arrays(END_USER_KINDS.values())}) u ON CONFLICT DO NOTHING"""

LOCK_SKETCHES: Final = f"""
SELECT {", ".join(END_USER_KINDS)}, sketch
  FROM rollup_end_users JOIN unnest({_arrays(END_USER_KINDS.values())}) u({", ".join(END_USER_KINDS)}) USING ({", ".join(END_USER_KINDS)})
 ORDER BY {", ".join(END_USER_KINDS)} FOR UPDATE OF rollup_end_users"""

SET_SKETCHES: Final = f"""
UPDATE rollup_end_users r SET sketch = u.sketch
  FROM unnest({_arrays((*END_USER_KINDS.values(), "bytea"))}) u({", ".join(END_USER_KINDS)}, sketch)
 WHERE {" AND ".join(f"r.{one} = u.{one}" for one in END_USER_KINDS)}"""


UNIT_KINDS: Final = {
    "workspace_id": "uuid",
    "experiment_id": "uuid",
    "allocation_epoch": "integer",
    "arm": "text",
    "metric": "text",
    "unit": "text",
}
_ARM: Final = "workspace_id, experiment_id, allocation_epoch, arm, metric"

# What a unit had before is what it has now without what came. Only units with observations are counted.
ADD_UNITS: Final = f"""
WITH came AS (SELECT * FROM unnest({_arrays((*UNIT_KINDS.values(), "bigint", "numeric"))}) u({", ".join(UNIT_KINDS)}, x, y)),
     now_is AS (INSERT INTO experiment_units AS r ({", ".join(UNIT_KINDS)}, x, y) SELECT * FROM came
                ON CONFLICT ({", ".join(UNIT_KINDS)}) DO UPDATE SET x = r.x + excluded.x, y = r.y + excluded.y, seen_at = clock_timestamp()
                RETURNING {", ".join(UNIT_KINDS)}, x, y),
     moved AS (SELECT {_ARM}, n.x, CASE WHEN n.x > 0 THEN n.y ELSE 0 END AS y, n.x - c.x AS old_x,
                     CASE WHEN n.x - c.x > 0 THEN n.y - c.y ELSE 0 END AS old_y
                FROM now_is n JOIN came c USING ({", ".join(UNIT_KINDS)}))
INSERT INTO experiment_sums AS s ({_ARM}, units, sum_x, sum_y, sum_xx, sum_yy, sum_xy)
SELECT {_ARM}, sum((x > 0)::int - (old_x > 0)::int), sum(x - old_x), sum(y - old_y), sum(x * x - old_x * old_x), sum(y * y - old_y * old_y),
       sum(x * y - old_x * old_y) FROM moved GROUP BY {_ARM} ORDER BY {_ARM}
ON CONFLICT ({_ARM}) DO UPDATE SET units = s.units + excluded.units, sum_x = s.sum_x + excluded.sum_x, sum_y = s.sum_y + excluded.sum_y,
  sum_xx = s.sum_xx + excluded.sum_xx, sum_yy = s.sum_yy + excluded.sum_yy, sum_xy = s.sum_xy + excluded.sum_xy"""


async def add_deltas(tx: Tx, deltas: Deltas) -> None:
    """Adds every delta to its row, table by table and in order of key, so that two replicas cannot wait for each other in a circle."""
    deltas.settle()
    await _add(tx, ADD, [_row(key, KEY_KINDS, deltas.rows[key]) for key in sorted(deltas.rows)])
    await _add(tx, ADD_SETS, [_row(key, SET_KINDS, deltas.sets[key]) for key in sorted(deltas.sets)])
    metrics = [(*_named(key, METRIC_KINDS), *_named(deltas.metrics[key], METRIC_SUMS)) for key in sorted(deltas.metrics)]
    await _add(tx, ADD_METRICS, metrics)
    await _add_end_users(tx, deltas)
    await _add(tx, ADD_UNITS, [(*key, deltas.units[key].x, deltas.units[key].y) for key in sorted(deltas.units)])


async def _add_end_users(tx: Tx, deltas: Deltas) -> None:
    """Merged here and not by the server: most of what comes changes no register, and is then not written."""
    if not deltas.end_users:
        return
    keys = [list(column) for column in zip(*(_named(key, END_USER_KINDS) for key in sorted(deltas.end_users)), strict=True)]
    await tx.execute(MAKE_SKETCHES, *keys, EMPTY)
    changed: list[tuple[Any, ...]] = []
    for row in await tx.fetch(LOCK_SKETCHES, *keys):
        key = EndUserKey(*(row[one] for one in END_USER_KINDS))
        sketch = marked(held := bytes(row["sketch"]), deltas.end_users[key])
        if sketch is not held:
            changed.append((*_named(key, END_USER_KINDS), sketch))
    await _add(tx, SET_SKETCHES, changed)


async def _add(tx: Tx, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        await tx.execute(statement, *(list(column) for column in zip(*rows, strict=True)))


def _row(key: object, kinds: Mapping[str, str], measures: Measures) -> tuple[Any, ...]:
    sums = (min(one, SUM_MOST) for one in _named(measures, SUMS))
    return (*_named(key, kinds), *sums, *(as_array(getattr(measures, name)) for name in HISTOGRAMS))


def _named(one: object, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in names)


def as_array(counts: list[int]) -> str:
    """An integer array as text: arrays of unequal length cannot be elements of one array parameter."""
    return "{" + ",".join(map(str, counts)) + "}"
