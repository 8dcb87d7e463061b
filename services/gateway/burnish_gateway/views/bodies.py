"""Bodies and answers of `/v1/views`."""

from datetime import datetime
from typing import Annotated, Final, Literal

from asyncpg import Record
from pydantic import AfterValidator, BaseModel, Field

from burnish_gateway.wire import ApiModel, Text
from burnish_gateway.wording import VISIBLE

Place = Literal["runs", "sessions", "feedback", "analytics", "costs", "failures"]
"""Pages whose filters can be kept."""

FILTERS_MOST: Final = 40
VALUES_MOST: Final = 20

ViewName = Annotated[Text, Field(min_length=1, max_length=80, pattern=VISIBLE), AfterValidator(str.strip)]
"""Blanks around it are no part of it: nobody sees them, and two names that look alike would be two."""

FilterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
FilterText = Annotated[Text, Field(max_length=500)]
FilterValue = FilterText | Annotated[list[FilterText], Field(min_length=1, max_length=VALUES_MOST)]
Filters = Annotated[dict[FilterName, FilterValue], Field(max_length=FILTERS_MOST)]


class NewView(ApiModel):
    """Filters of a page, under a name that all members find."""

    place: Place = Field(description="The page whose filters these are.")
    name: ViewName
    filters: Filters = Field(
        description='As they stand in the page\'s address: `{"status": "error"}`. None: the page as it opens. At most 4,000 characters '
        "together."
    )


class ViewChange(ApiModel):
    """What is named changes."""

    name: ViewName | None = None
    filters: Filters | None = None


class ViewAnswer(BaseModel):
    id: str
    place: str
    name: str
    filters: dict[str, str | list[str]]
    updated_by: str
    updated_at: datetime


class ViewPage(BaseModel):
    data: list[ViewAnswer]
    next_cursor: None = None


def view_answer(row: Record) -> ViewAnswer:
    return ViewAnswer(
        id=str(row["view_id"]), place=row["place"], name=row["name"], filters=row["filters"], updated_by=row["updated_by"],
        updated_at=row["updated_at"],
    )  # fmt: skip
