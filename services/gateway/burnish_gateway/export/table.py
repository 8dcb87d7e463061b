"""One table of an export: which of its columns, in which order, and why the others are left out. Pure."""

from dataclasses import dataclass, field
from typing import Final

PAGE_ROWS: Final = 500
PAGE_ROWS_OF_TEXTS: Final = 25
"""Rows that hold whole conversations may have a megabyte each."""


@dataclass(frozen=True, slots=True)
class ExportedTable:
    """`order`: columns that name one row and lead an index. `left_out`: columns that are not exported, and why.

    `source`: what the rows are read from, where the table alone has no index by workspace. `as_text`: bytes that are UTF-8.
    """

    name: str
    columns: tuple[str, ...]
    order: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    source: str = ""
    as_text: tuple[str, ...] = ()
    page_rows: int = PAGE_ROWS


INTERNAL: Final = "internal"
SECRET: Final = "secret"  # noqa: S105 - the reason why a column is left out
DIGEST: Final = "a digest of what is exported"
WORKSPACE: Final = {"workspace_id": "the manifest names it"}
RUNS: Final = {
    "fence": INTERNAL,
    "leased_by": INTERNAL,
    "leased_until": INTERNAL,
    "cancel_requested": INTERNAL,
    "funding_account_id": INTERNAL,
    "hops": INTERNAL,
}


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def exported(
    name: str, columns: str, order: str, *, source: str = "", as_text: str = "", page_rows: int = PAGE_ROWS, **left_out: str
) -> ExportedTable:
    return ExportedTable(
        name,
        words(columns),
        words(order),
        WORKSPACE | {one.rstrip("_"): why for one, why in left_out.items()},
        source or name,
        words(as_text),
        page_rows,
    )
