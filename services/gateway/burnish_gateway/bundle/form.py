"""The bundle, version 1: what an export writes and an import reads. Ids of the installation are not in it: it means the same anywhere.

Foreign files are turned into the same form first (`burnish_gateway.bundle.foreign`). Sizes are bounded here.
"""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field

from burnish_gateway.bundle.experiment_form import ExperimentForm
from burnish_gateway.datasets.bodies import EXPECTED_MOST_CHARS, INPUT_MOST_CHARS, MOST_ITEMS
from burnish_gateway.moments import Moment
from burnish_gateway.registry.bodies import ShortText, Tags, VersionNumber
from burnish_gateway.registry.line_store import MAX_BRANCHES
from burnish_gateway.registry.prompt import EdgeKind, Source, Visibility
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.evaluators import EvaluatorSettings

FORMAT: Final = "burnish.bundle"
VERSION: Final = 1

IMPORT_MOST_BYTES: Final = 16 * 1024 * 1024
PROMPTS_MOST: Final = 10_000
VERSIONS_MOST: Final = 10_000

Word = Annotated[Text, Field(min_length=1, max_length=200)]
Names = Annotated[list[Annotated[Text, Field(min_length=1, max_length=50)]], Field(max_length=20)]


class LabelForm(ApiModel):
    label: Word
    version: VersionNumber
    moved_at: Moment | None = None


class MoveForm(ApiModel):
    """One step in a label's history, the oldest first."""

    label: Word
    from_version: VersionNumber | None = None
    to_version: VersionNumber | None = None
    reason: ShortText = ""
    author: Word
    moved_at: Moment


class BranchForm(ApiModel):
    """A branch: where it stands, and where it left."""

    branch: Word
    version: VersionNumber
    from_version: VersionNumber
    created_by: Word | None = None


class ParentForm(ApiModel):
    slug: Word
    version: VersionNumber


class EntryForm(ApiModel):
    """An entry of a marketplace, or a template, as it was called then."""

    entry_id: Annotated[UUID, Field(strict=False)]
    publisher: Word
    slug: Word
    version: VersionNumber


class EdgeForm(ApiModel):
    """Where one version comes from. `job_id`, `suggestion_id`: of the installation that it was made in."""

    version: VersionNumber
    kind: EdgeKind
    parent: ParentForm | None = None
    source: EntryForm | None = None
    job_id: Annotated[UUID, Field(strict=False)] | None = None
    suggestion_id: Annotated[UUID, Field(strict=False)] | None = None
    created_at: Moment | None = None


class VersionForm(ApiModel):
    """One version. `content`: as `POST /v1/prompts` takes it, with `messages`."""

    version: VersionNumber
    content: dict[str, Any]
    base_version: VersionNumber | None = None
    branch: Word | None = None
    source: Source = "import"
    message: ShortText = ""
    author: Word | None = Field(default=None, description="Whoever imports where nothing is said.")
    created_at: Moment | None = None


class GateForm(ApiModel):
    """What a prompt asks of its own test runs, where that is not as the workspace has it. `evaluator`: by its name."""

    test_run_gate: bool | None = None
    evaluator: Name | None = None
    min_score: Annotated[float, Field(ge=0, le=1)] | None = None


class PromptForm(ApiModel):
    """A prompt with all its versions, numbered from 1 without a gap."""

    slug: Word
    name: Name | None = None
    description: Annotated[Text, Field(max_length=10_000)] = ""
    use_case: ShortText = ""
    folder: Annotated[Text, Field(max_length=700)] = ""
    tags: Tags = Field(default_factory=list)
    categories: Names = Field(default_factory=list)
    app_contexts: Names = Field(default_factory=list)
    locked_blocks: Annotated[list[Annotated[Text, Field(min_length=1, max_length=20_000)]], Field(max_length=50)] = Field(
        default_factory=list
    )
    rules: Annotated[list[Annotated[Text, Field(min_length=1, max_length=2_000)]], Field(max_length=50)] = Field(default_factory=list)
    visibility: Visibility = "private"
    latest_version: VersionNumber | None = Field(
        default=None,
        description="Where the main line stands. A file that says so names all branches in `branches`; in one that does not, each line "
        "stands at the last version saved on it.",
    )
    gate: GateForm | None = Field(default=None, description="Set where the prompt is not there yet.")
    archived_at: Moment | None = None
    archived_by: Word | None = None
    created_by: Word | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    versions: Annotated[list[VersionForm], Field(min_length=1, max_length=VERSIONS_MOST)]
    branches: Annotated[list[BranchForm], Field(max_length=MAX_BRANCHES)] = Field(default_factory=list)
    labels: Annotated[list[LabelForm], Field(max_length=100)] = Field(default_factory=list)
    label_moves: Annotated[list[MoveForm], Field(max_length=100_000)] = Field(default_factory=list)
    lineage: Annotated[list[EdgeForm], Field(max_length=100_000)] = Field(default_factory=list)


class ItemForm(ApiModel):
    split: Literal["train", "validation", "test"] | None = Field(default=None, description="By a hash of the input where nothing is said.")
    input: Annotated[Text, Field(min_length=1, max_length=INPUT_MOST_CHARS)] | dict[str, Any]
    expected: Annotated[Text, Field(max_length=EXPECTED_MOST_CHARS)] | None = Field(description="null: there is no right answer.")
    metadata: dict[str, Any] = Field(default_factory=dict)
    added_version: VersionNumber = 1


class DatasetForm(ApiModel):
    """A dataset with its items in order. Name and `created_at` together name it; without a time, the name alone, of one in use."""

    name: Name
    version: VersionNumber = 1
    test_version: VersionNumber = 1
    created_by: Word | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    archived_at: Moment | None = None
    items: Annotated[list[ItemForm], Field(max_length=MOST_ITEMS)]


class ChainVersionForm(ApiModel):
    """One version of a chain. `content`: as `POST /v1/chains` takes it: `steps`, `parameters`, `output`, `deadline_s`."""

    version: VersionNumber
    content: dict[str, Any]
    base_version: VersionNumber | None = None
    message: ShortText = ""
    author: Word | None = None
    created_at: Moment | None = None


class ChainForm(ApiModel):
    """A chain with all its versions, numbered from 1 without a gap."""

    slug: Word
    name: Name | None = None
    description: Annotated[Text, Field(max_length=10_000)] = ""
    folder: Annotated[Text, Field(max_length=700)] = ""
    tags: Tags = Field(default_factory=list)
    created_by: Word | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None
    archived_at: Moment | None = None
    versions: Annotated[list[ChainVersionForm], Field(min_length=1, max_length=VERSIONS_MOST)]
    labels: Annotated[list[LabelForm], Field(max_length=100)] = Field(default_factory=list)
    label_moves: Annotated[list[MoveForm], Field(max_length=100_000)] = Field(default_factory=list)


class EvaluatorVersionForm(ApiModel):
    """One version of an evaluator. Models of judges are named, and looked up where it comes to."""

    version: VersionNumber
    settings: EvaluatorSettings
    message: ShortText = ""
    created_by: Word | None = None
    created_at: Moment | None = None


class EvaluatorForm(ApiModel):
    """An evaluator in use, by its name, with all its versions, numbered from 1 without a gap and of one kind."""

    name: Name
    created_by: Word | None = None
    created_at: Moment | None = None
    versions: Annotated[list[EvaluatorVersionForm], Field(min_length=1, max_length=VERSIONS_MOST)]


class BundleForm(ApiModel):
    format: Literal["burnish.bundle"] = FORMAT
    version: Literal[1] = VERSION
    prompts: Annotated[list[PromptForm], Field(max_length=PROMPTS_MOST)] = Field(default_factory=list)
    chains: Annotated[list[ChainForm], Field(max_length=PROMPTS_MOST)] = Field(default_factory=list)
    datasets: Annotated[list[DatasetForm], Field(max_length=1_000)] = Field(default_factory=list)
    evaluators: Annotated[list[EvaluatorForm], Field(max_length=1_000)] = Field(default_factory=list)
    experiments: Annotated[list[ExperimentForm], Field(max_length=1_000)] = Field(default_factory=list)
