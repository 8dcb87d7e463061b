"""The SQL of words that are looked for in a dataset's items. Each function runs in the caller's transaction, whose policies admit one
workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from burnish_gateway.datasets.dataset import StoredItem
from burnish_gateway.datasets.store import ITEM, WANTED, Place, Wanted
from burnish_shared.db.session import Tx

_READ: Final = r"""concat_ws(E'\n', CASE jsonb_typeof(i.input) WHEN 'object'
                THEN (SELECT string_agg(v.value, E'\n') FROM jsonb_each_text(i.input) v) ELSE i.input #>> '{}' END, i.expected)"""
"""What somebody reads of an item: the values of its input, each in a line, and its answer."""

WINDOW_ITEMS: Final = 500
"""Of 64 KiB each they take about a second."""

WINDOW_BYTES: Final = 4 * 1024 * 1024
"""As stored: an input may be compressed."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some items that were looked at, one after the other. `found`: in which the words stand, in order; `place`: of the last one that was
    looked at, None where no more come; `read_bytes`: what was read of all of them."""

    found: list[UUID]
    read_bytes: int
    place: Place | None


async def read_window(
    tx: Tx,
    workspace_id: UUID,
    dataset_id: UUID,
    wanted: Wanted,
    *,
    words: str,
    after: Place | None,
    at_most: int,
) -> Window:
    """The next items in the order of `list_items`, as many as WINDOW_ITEMS and WINDOW_BYTES let one statement read, at least one.

    `words`: as they stand in a value of the input or in the answer, in whatever case. `at_most`: so many are named as found.
    Sizes are told without reading the texts.
    """
    [row] = await tx.fetch(
        f"""WITH next AS MATERIALIZED (
              SELECT p.item_id, p.position, p.added_version, p.size FROM unnest($3::text[]) s(split) CROSS JOIN LATERAL (
                SELECT i.item_id, i.position, i.added_version, pg_column_size(i.input) + octet_length(coalesce(i.expected, '')) AS size
                  FROM dataset_items i
                 WHERE {WANTED}
                 ORDER BY i.position, i.added_version LIMIT $12) p
               ORDER BY p.position, p.added_version LIMIT $12),
            sized AS (
              SELECT *, coalesce(sum(size) OVER (ORDER BY position, added_version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
                        AS before FROM next),
            looked AS MATERIALIZED (SELECT * FROM sized WHERE before < $13),
            last AS (SELECT position, added_version FROM looked ORDER BY position DESC, added_version DESC LIMIT 1)
            SELECT (array_agg(l.item_id ORDER BY l.position, l.added_version)
                      FILTER (WHERE strpos(lower(t.text), lower($11)) > 0))[1:$14] AS found,
                   coalesce(sum(octet_length(t.text)), 0) AS bytes,
                   (SELECT count(*) FROM looked) AS looked, (SELECT count(*) FROM next) AS next,
                   (SELECT position FROM last) AS position, (SELECT added_version FROM last) AS added_version
              FROM looked l JOIN dataset_items i ON i.workspace_id = $1 AND i.item_id = l.item_id
              CROSS JOIN LATERAL (SELECT {_READ} AS text OFFSET 0) t""",
        *wanted.arguments(workspace_id, dataset_id, after=after),
        words,
        WINDOW_ITEMS,
        WINDOW_BYTES,
        at_most,
    )
    is_last = row["next"] < WINDOW_ITEMS and row["looked"] == row["next"]
    place = None if is_last else (row["position"], row["added_version"])
    return Window(found=row["found"] or [], read_bytes=int(row["bytes"]), place=place)


async def read_found(tx: Tx, workspace_id: UUID, item_ids: Sequence[UUID]) -> list[StoredItem]:
    """In the order of `list_items`."""
    rows = await tx.fetch(
        f"SELECT {ITEM} FROM dataset_items WHERE workspace_id = $1 AND item_id = ANY ($2) ORDER BY position, added_version",
        workspace_id,
        list(item_ids),
    )
    return [StoredItem(**dict(row)) for row in rows]
