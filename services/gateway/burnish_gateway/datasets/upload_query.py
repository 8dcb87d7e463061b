"""What the query says of an upload beside its body."""

from typing import Annotated

from fastapi import Query

from burnish_gateway.datasets.bodies import Blank
from burnish_shared.errors import InvalidField

ColumnMap = Annotated[
    list[str] | None,
    Query(
        alias="map",
        max_length=200,
        description="Of an upload, `column=target`, once for each column: input, inputs.NAME, expected, split, category, tags, group, "
        "synthetic, metadata.NAME, or - to leave it out. Columns that are not named keep their name's meaning, or become metadata.",
    ),
]
LeaveOut = Annotated[
    bool,
    Query(description="Of an upload: leave out lines whose right answer is blank, and say which (`left_out`), instead of refusing them."),
]

KeepBlank = Annotated[
    bool,
    Query(
        description="Of an upload: lines whose right answer is blank, or that have none, become items without a right answer, which "
        "evaluators judge; instead of refusing them."
    ),
]


def blank_of(*, leave_out_blank: bool, keep_blank: bool) -> Blank:
    """Raises InvalidField for both at once."""
    if leave_out_blank and keep_blank:
        raise InvalidField(
            "keep_blank: lines with a blank right answer are either kept or left out; give one of the two.", param="keep_blank"
        )
    return "keep" if keep_blank else "leave_out" if leave_out_blank else "refuse"
