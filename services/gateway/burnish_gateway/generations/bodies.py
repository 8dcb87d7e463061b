"""What callers send about generations."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.generations import MEMBERS_MOST

FORMAT: Final = "burnish.generations"
VERSION: Final = 1
GENERATIONS_MOST: Final = 500
CANDIDATES_MOST: Final = 20_000
NUMBER_MOST: Final = 1_000_000
TEXT_MOST_CHARS: Final = 200_000

Number = Annotated[int, Field(ge=0, le=NUMBER_MOST)]
SnapshotName = Annotated[Text, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$")]
Digest = Annotated[Text, Field(pattern=r"^[0-9a-f]{64}$")]
Operator = Annotated[Text, Field(min_length=1, max_length=100)]
Score = Annotated[float, Field(ge=-1e9, le=1e9)]
Scores = Annotated[dict[Annotated[Text, Field(min_length=1, max_length=100)], Score | None], Field(max_length=50)]


class Which(ApiModel):
    """One generation of a line: by number, by snapshot, or `best`; the latest where nothing is said."""

    number: Number | None = None
    snapshot: SnapshotName | None = None
    best: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.number is not None) + (self.snapshot is not None) + self.best > 1:
            raise ValueError("number: give one of number, snapshot and best")
        return self


class SnapshotBody(Which):
    name: SnapshotName
    note: Annotated[Text, Field(max_length=2000)] = ""


class ForkBody(Which):
    name: Annotated[Text, Field(max_length=200)] = ""


class ParentForm(ApiModel):
    kind: Literal["derived_from", "mutated_from", "branch_of", "crossover_of", "cherry_picked_from", "cloned_from", "compressed_from"]
    candidate: Digest


class CandidateForm(ApiModel):
    """`id`: SHA-256 of the text, so that the same text is the same candidate wherever it goes."""

    id: Digest
    text: Annotated[Text, Field(max_length=TEXT_MOST_CHARS)]
    made_by: Operator
    parents: Annotated[list[ParentForm], Field(max_length=20)] = Field(default_factory=list)


class MemberForm(ApiModel):
    candidate: Digest
    made_by: Operator
    fitness: Score | None = None
    scores: Scores = Field(default_factory=dict)
    evaluations: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class GenerationForm(ApiModel):
    number: Number
    members: Annotated[list[MemberForm], Field(min_length=1, max_length=MEMBERS_MOST)]
    restored_from: Number | None = None


class SnapshotForm(ApiModel):
    name: SnapshotName
    number: Number
    note: Annotated[Text, Field(max_length=2000)] = ""


class LineForm(ApiModel):
    """A line of generations as a file: what `GET …/export` writes and `POST /v1/generations/import` reads."""

    format: Literal["burnish.generations"] = FORMAT
    version: Literal[1] = VERSION
    prompt: Annotated[Text, Field(min_length=1, max_length=130)]
    base_version: Annotated[int, Field(ge=1)]
    name: Annotated[Text, Field(max_length=200)] = ""
    simulated: bool = False
    candidates: Annotated[list[CandidateForm], Field(min_length=1, max_length=CANDIDATES_MOST)]
    generations: Annotated[list[GenerationForm], Field(min_length=1, max_length=GENERATIONS_MOST)]
    snapshots: Annotated[list[SnapshotForm], Field(max_length=1_000)] = Field(default_factory=list)
    generations_left_out: Annotated[int, Field(ge=0)] = Field(default=0, description="Older ones than the 500 that a file holds.")


class ImportBody(ApiModel):
    file: LineForm = Field(description="What an export wrote.")
    prompt: Annotated[Text, Field(min_length=1, max_length=130)] | None = Field(
        default=None, description="Another prompt than the one that the file names."
    )
    base_version: Annotated[int, Field(ge=1)] | None = Field(default=None, description="Another version than the one that the file names.")
    name: Name | None = None


class StartAt(Which):
    """Where a search begins: at this generation of this line, instead of at variations of its version."""

    line_id: UUID
