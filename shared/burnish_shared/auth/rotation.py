"""Changes the key-encryption key while everything runs: re-wraps the data key of every secret under the current key (PROMISES S-03).

Bounded batches, each a transaction of its own; what is done is seen in the rows themselves, so that it can be stopped and
begun again at any time. Secrets themselves are neither opened nor changed.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.auth import rotation_store as store
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealed_columns import CHECK_COLUMN, SEALED_COLUMNS, SealedColumn
from burnish_shared.auth.sealing import FORMAT
from burnish_shared.db.session import Database

BATCH: Final = 200
"""Rows of one transaction: some milliseconds of row locks."""

PASSES_MOST: Final = 5
"""Each pass ends with a count. A service that still seals under the old key would else keep us busy for ever."""

OLD_FORMAT: Final = "no id (old format)"

Progress = Callable[[str, int], None]
"""Called with the name of a column and how many of its secrets were re-wrapped so far."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did and left. `left`: column → id of another key → secrets that still lie under it."""

    key_id: str
    rewrapped: dict[str, int]
    left: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether nothing lies under any other key than the current one."""
        return not self.left


async def rotate(db: Database, keyring: Keyring, *, batch: int = BATCH, progress: Progress | None = None) -> Rotation:
    """Brings every secret under the current key. `db` is the operator's login. Idempotent; safe beside running services.

    A secret whose key is not in the keyring is left as it is, and counted in `left`. Raises Unavailable without a database.
    """
    rewrapped: Counter[str] = Counter()
    for _ in range(PASSES_MOST):
        before = sum(rewrapped.values())
        for column in SEALED_COLUMNS:
            await _rewrap_column(db, keyring, column, batch=batch, rewrapped=rewrapped, progress=progress)
        left = await under_other_keys(db, keyring, columns=SEALED_COLUMNS)
        if not left:
            await _rewrap_column(db, keyring, CHECK_COLUMN, batch=batch, rewrapped=rewrapped, progress=progress)
            left = await under_other_keys(db, keyring)
        if not left or sum(rewrapped.values()) == before:
            break
    return Rotation(key_id=keyring.current_id.hex(), rewrapped=dict(rewrapped), left=left)


async def under_other_keys(
    db: Database, keyring: Keyring, *, columns: tuple[SealedColumn, ...] = (*SEALED_COLUMNS, CHECK_COLUMN)
) -> dict[str, dict[str, int]]:
    """Column → id of a key that is not the current one → how many secrets lie under it. Empty: the others can be removed."""
    found: dict[str, dict[str, int]] = {}
    for column in columns:
        async with db.unit_of_work(read_only=True) as tx:
            heads = await store.count_by_key(tx, column)
        for head, number in heads.items():
            if head != FORMAT + keyring.current_id:
                named = head[1:].hex() if head[:1] == FORMAT else OLD_FORMAT
                of_column = found.setdefault(column.name, {})
                of_column[named] = of_column.get(named, 0) + number
    return found


async def _rewrap_column(
    db: Database, keyring: Keyring, column: SealedColumn, *, batch: int, rewrapped: Counter[str], progress: Progress | None
) -> None:
    after: tuple[Any, ...] | None = None
    while True:
        async with db.unit_of_work() as tx:
            rows = await store.find_under_other_keys(tx, column, key_id=keyring.current_id, after=after, most=batch)
            for row in rows:
                try:
                    sealed = keyring.rewrap(row["sealed"], context=column.context(row))
                except ValueError:
                    continue  # Under a key that we do not have: it is counted at the end of the pass.
                rewrapped[column.name] += await store.replace_sealed(tx, column, row, sealed=sealed)
        if not rows:
            return
        after = tuple(rows[-1][name] for name in column.keys)
        if progress is not None:
            progress(column.name, rewrapped[column.name])
