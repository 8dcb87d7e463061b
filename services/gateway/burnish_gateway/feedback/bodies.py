"""What a caller may send as feedback, and what the answer says."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, JsonValue

from burnish_gateway.datasets.item import answer_in_words
from burnish_gateway.wire import ApiModel, Text
from burnish_gateway.wording import PATTERNS

COMMENT_MOST: Final = 10_000
CORRECTION_MOST: Final = 60_000
CONTEXT_MOST_BYTES: Final = 16_384
"""Limits that keep one reaction below a tenth of a message."""

METRIC_VALUE_MOST: Final = 1e15
"""Sums of so large values can still be shown as a number, however many are added."""

METRIC_NAME: Final = r"^[A-Za-z][A-Za-z0-9_.-]{0,62}$"

SOURCE_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
PATTERNS[METRIC_NAME] = "must be a letter, then letters, digits, _, . or -; at most 63 characters"
PATTERNS[SOURCE_NAME] = "must begin with a letter or digit, and go on with letters, digits, _, . or -; at most 64 characters"

NameOfOne = Annotated[Text, Field(min_length=1, max_length=256)]


class MetricBody(ApiModel):
    """A measurement with a name of the caller's own, such as `converted`."""

    name: Annotated[str, Field(pattern=METRIC_NAME, description="A letter, then letters, digits, `_`, `.` or `-`; at most 63.")]
    value: Annotated[float, Field(ge=-METRIC_VALUE_MOST, le=METRIC_VALUE_MOST, description="From -1e15 to 1e15.", examples=[1])]


class ImportedTarget(ApiModel):
    """An execution made elsewhere, by its source's own id."""

    source: Annotated[str, Field(pattern=SOURCE_NAME)] = "import"
    id: Annotated[Text, Field(min_length=1, max_length=256)]


Correction = Annotated[
    Text,
    Field(max_length=CORRECTION_MOST),
    BeforeValidator(answer_in_words, json_schema_input_type=str | dict[str, JsonValue] | list[JsonValue] | float | bool),
]


class FeedbackBody(ApiModel):
    """One person's reaction to one execution or session: at least one of thumb, score, comment, correction, metric."""

    execution_id: UUID | None = Field(default=None, description="What is reacted to; it need not be recorded yet.")
    session_id: NameOfOne | None = Field(default=None, description="Instead of execution_id: a whole conversation.")
    imported: ImportedTarget | None = Field(
        default=None, description="Instead of execution_id: an execution made elsewhere, by its own id; it need not have come in yet."
    )
    thumb: Literal["up", "down"] | None = None
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    comment: Annotated[Text, Field(min_length=1, max_length=COMMENT_MOST)] | None = None
    correction: Correction | None = Field(
        default=None, description="The answer it should have been: a text, or JSON, which is kept as text."
    )
    metric: MetricBody | None = None
    user_id: NameOfOne | None = Field(
        default=None, description="The caller's own id of the end user. Later feedback of one user replaces earlier."
    )
    feedback_id: UUID | None = Field(default=None, description="Given again, the same reaction is not counted twice; changed, it replaces.")
    context: dict[str, Any] | None = Field(default=None, description="Anything that belongs to it: device, page, … At most 16 KiB of JSON.")


class FeedbackAccepted(BaseModel):
    """The reaction is on disk."""

    feedback_id: UUID


class LineError(BaseModel):
    """Why one line was not taken."""

    type: str
    code: str
    message: str
    param: str | None = None


class LineResult(BaseModel):
    """What became of one line: `feedback_id` where it was taken, `error` where it was not. `line` counts from 1, empty lines too."""

    line: int
    feedback_id: UUID | None = None
    error: LineError | None = None


class BatchAnswer(BaseModel):
    """What became of each line, in their order."""

    accepted: int
    rejected: int
    results: list[LineResult]


class ReactionShown(BaseModel):
    """One reaction, as an execution shows it.

    `sent_by`: an API key's id, `user:<id>` of a person, `inbound:<id>` of a webhook. One that was taken back counts nowhere.
    """

    feedback_id: UUID
    kind: str
    thumb: Literal["up", "down"] | None = None
    score: float | None = None
    comment: str | None = None
    correction: str | None = None
    metric: dict[str, Any] | None = None
    user_id: str | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    accepted_at: str
    sent_by: str | None = None
    taken_back_at: str | None = None
    taken_back_by: str | None = None


class FeedbackShown(ReactionShown):
    """A current reaction, with those that it took the place of, the oldest first."""

    replaced: list[ReactionShown] = Field(default_factory=list)


class FeedbackListed(FeedbackShown):
    """A reaction with what it is about. `prompt`, `version`, `label`, `model`: of its execution, once that is recorded; of a reaction to a
    session, of the execution that it counts for. `replaced` is empty unless history was asked for."""

    execution_id: UUID | None = None
    session_id: str | None = None
    prompt: str | None = None
    version: int | None = None
    label: str | None = None
    model: str | None = None
    simulated: bool | None = None


class FeedbackPage(BaseModel):
    """`searched_to`: the search ended here with reactions left behind it, and `next_cursor` goes on; null: nothing was left out."""

    data: list[FeedbackListed]
    next_cursor: str | None = None
    searched_to: str | None = None
