"""Finished executions column by column: what `CompletedBatch` says, read in a third of the time (docs/decisions/0016).

Analytics reads tens of thousands a second, writes them column by column, and an object for each would cost more than all else. The
contract stays `CompletedBatch`: whatever does not have the form in which our own services write it is read by that.
"""

import json
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from burnish_shared.contracts.executions import CompletedBatch, CompletedItem

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
"""A UUID in its one canonical spelling."""

Moment = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$")]
"""In UTC; its first sixteen letters name the minute."""


class FinishedColumns(BaseModel):
    """The fields of `CompletedItem`, each a list; all are of one length. Ids and times are text."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    execution_id: list[Id]
    workspace_id: list[Id]
    lane: list[Literal["interactive", "background", "batch", "imported"]]
    status: list[Literal["success", "error", "timeout", "rate_limited", "cancelled", "blocked"]]
    prompt_id: list[Id | None]
    slug: list[str | None]
    version: list[int | None]
    label: list[str | None]
    model: list[str]
    provider: list[str]
    app: list[str | None]
    api_key_id: list[str | None]
    provider_key_id: list[Id | None]
    end_user: list[str | None]
    job_id: list[Id | None]
    session_id: list[str | None]
    group_key: list[str | None]
    experiment_id: list[Id | None]
    arm: list[str | None]
    allocation_epoch: list[int | None]
    unit: list[str | None]
    slow: list[bool | None]
    input_tokens: list[int]
    output_tokens: list[int]
    cached_input_tokens: list[int]
    cache_write_input_tokens: list[int]
    reasoning_tokens: list[int]
    cost_nusd: list[int]
    latency_ms: list[int]
    first_token_ms: list[int | None]
    cached: list[bool]
    simulated: list[bool]
    finished_at: list[Moment]

    def __len__(self) -> int:
        return len(self.execution_id)

    def take(self, rows: slice | Sequence[int]) -> "FinishedColumns":
        """Some of the rows, in the order asked for."""
        if isinstance(rows, slice):
            return self._made({name: getattr(self, name)[rows] for name in NAMES})
        return self._made({name: [column[n] for n in rows] for name in NAMES for column in [getattr(self, name)]})

    @classmethod
    def of(cls, items: Iterable[CompletedItem]) -> "FinishedColumns":
        return cls._of_rows([_in_utc(item).model_dump(mode="json") for item in items])

    @classmethod
    def read(cls, body: bytes) -> "FinishedColumns":
        """The items of one message. Raises pydantic.ValidationError for what is no CompletedBatch."""
        try:
            batch = json.loads(body)
            if batch["v"] == 1:
                return cls._of_rows(batch["items"])
        except (ValueError, KeyError, TypeError):  # A pydantic.ValidationError is a ValueError, and so is what is no JSON.
            pass
        return cls.of(CompletedBatch.model_validate_json(body).items)

    @classmethod
    def joined(cls, parts: Sequence["FinishedColumns"]) -> "FinishedColumns":
        """The rows of all parts, in order."""
        if len(parts) == 1:
            return parts[0]
        return cls._made({name: list(chain.from_iterable(getattr(part, name) for part in parts)) for name in NAMES})

    @classmethod
    def of_columns(cls, columns: dict[str, list[Any]]) -> "FinishedColumns":
        """Of what was read from our own tables: one list for each of NAMES."""
        return cls._made(columns)

    @classmethod
    def _made(cls, columns: dict[str, Any]) -> "FinishedColumns":
        """Of columns that were checked before."""
        return cls.model_construct(**columns)

    @classmethod
    def _of_rows(cls, rows: Sequence[dict[str, Any]]) -> "FinishedColumns":
        columns = zip(*map(_ROW, rows), strict=True) if rows else [()] * len(NAMES)
        made = cls.model_validate(dict(zip(NAMES, columns, strict=True)))
        deque(map(datetime.fromisoformat, made.finished_at), maxlen=0)  # Raises ValueError for the 31st of November.
        return made


def _in_utc(item: CompletedItem) -> CompletedItem:
    return item.model_copy(update={"finished_at": item.finished_at.astimezone(UTC)})


NAMES: Final = tuple(FinishedColumns.model_fields)
_ROW: Final = itemgetter(*NAMES)
