"""Executions as dataset items: what was asked, with the answer that somebody says is right (PRODUCT D1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field, model_validator

from burnish_gateway.datasets import from_executions_store as store
from burnish_gateway.datasets.add_items import Added, add_items
from burnish_gateway.datasets.answers import AddedAnswer
from burnish_gateway.datasets.bodies import EXPECTED_MOST_CHARS, INPUT_MOST_CHARS, Expected
from burnish_gateway.datasets.content import Content
from burnish_gateway.datasets.dataset import Change
from burnish_gateway.datasets.item import GROUP, NewItem
from burnish_gateway.wire import ApiModel
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound

EXECUTIONS_MOST: Final = 500

NO_SUCH: Final = "There is no such execution in this workspace."

NOBODY_SAID: Final = "Nobody said what would have been right: give `expected`, or send a correction as feedback."


class ExecutionChoice(ApiModel):
    """One execution, with the right answer where it is known."""

    execution_id: UUID
    expected: Annotated[Expected, Field(min_length=1)] | None = Field(
        default=None, description="Text, or JSON that becomes one. Without it, the newest correction that people gave."
    )


class FromExecutionsBody(ApiModel):
    """Executions that become items."""

    executions: list[ExecutionChoice] = Field(min_length=1, max_length=EXECUTIONS_MOST)
    use_output: bool = Field(
        default=False, description="Take the answer itself as the right one where there is neither `expected` nor a correction."
    )

    @model_validator(mode="after")
    def _says_one_thing_of_each(self) -> "FromExecutionsBody":
        said: dict[UUID, ExecutionChoice] = {}
        for one in self.executions:
            if said.setdefault(one.execution_id, one) != one:
                raise ValueError(f"executions: {one.execution_id} stands there twice, with another right answer; name each once")
        return self


class Skipped(BaseModel):
    execution_id: UUID
    because: str


class FromExecutionsAnswer(AddedAnswer):
    """`added` and `duplicates` of those that became items."""

    skipped: list[Skipped]


@dataclass(frozen=True, slots=True)
class Taken:
    added: Added
    skipped: list[Skipped]


async def add_executions(tx: Tx, workspace_id: UUID, dataset_id: UUID, body: FromExecutionsBody, *, by: str) -> Taken:
    """Raises NotFound for a dataset that is not there, or where none of the executions is, InvalidField for one that is full."""
    chosen = {one.execution_id: one.expected for one in body.executions}
    items, skipped = await items_of(tx, workspace_id, chosen, use_output=body.use_output)
    return Taken(await add_items(tx, workspace_id, dataset_id, items, change=Change(by, "from_executions")), skipped)


async def items_of(
    tx: Tx, workspace_id: UUID, chosen: Mapping[UUID, str | None], *, use_output: bool, looks_up: bool = True
) -> tuple[list[NewItem], list[Skipped]]:
    """The first of each input. `chosen`: executions with the right answer, None where nobody gave one; `looks_up`: then corrections are
    looked up; `use_output`: see FromExecutionsBody. Raises NotFound where none of the executions is there.
    """
    rows = await store.executions_of(tx, workspace_id, list(chosen))
    if not rows:
        raise NotFound(NO_SUCH, param="executions")
    corrections = await store.corrections_of(tx, workspace_id, list(chosen)) if looks_up else {}
    items: list[NewItem] = []
    skipped: list[Skipped] = []
    for execution_id, expected in chosen.items():
        correction = corrections.get(execution_id)
        made = _item(rows.get(execution_id), execution_id, given=expected, corrected=correction, use_output=use_output)
        if isinstance(made, NewItem):
            items.append(made)
        else:
            skipped.append(Skipped(execution_id=execution_id, because=made))
    return _first_of_each(items), skipped


def _first_of_each(items: Sequence[NewItem]) -> list[NewItem]:
    return list({one.content_hash: one for one in reversed(items)}.values())[::-1]


def _item(row: Record | None, execution_id: UUID, *, given: str | None, corrected: str | None, use_output: bool) -> NewItem | str:
    """An item, or why there is none. Its person or session is its group: they stay in one split, and an erasure finds them."""
    if row is None:
        return NO_SUCH
    asked = None if row["messages"] is None else Content(row["messages"], row["variables"], row["output"]).input
    if asked is None:
        return "The text of the call is not kept, or it has none."
    if isinstance(asked, str) and len(asked) > INPUT_MOST_CHARS:
        return f"An item's text has at most {INPUT_MOST_CHARS:,} characters; this one has {len(asked):,}."
    output = row["output"] if use_output and row["status"] == "success" else None
    expected = given or corrected or output
    if expected is None or not expected.strip():
        return NOBODY_SAID
    if len(expected) > EXPECTED_MOST_CHARS:
        return f"An expected answer has at most {EXPECTED_MOST_CHARS:,} characters; this one has {len(expected):,}."
    source = "correction" if given is None and corrected else "execution"
    origin: dict[str, Any] = {"source": source, "execution_id": str(execution_id)}
    group = row["end_user"] or row["session_id"]
    return NewItem(input=asked, expected=expected, metadata=origin | ({GROUP: group} if group else {}))
