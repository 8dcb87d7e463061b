"""A prompt, its versions and its labels, as the rest of the feature sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from burnish_gateway.registry.content import VersionContent
from burnish_shared.errors import Conflict, NotFound
from burnish_shared.slug import LATEST, PRODUCTION, Label, Slug

Source = Literal["manual", "optimizer", "import", "merge", "clone"]
Visibility = Literal["private", "organization", "public"]
EdgeKind = Literal["derived_from", "mutated_from", "branch_of", "crossover_of", "cherry_picked_from", "cloned_from", "compressed_from"]

MAX_VERSIONS: Final = 100_000
MAX_LABELS: Final = 100


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a change: words for the history, and the API key where one was used."""

    name: str
    api_key_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt without its versions. `revision` grows with every change of it, its versions or its labels.

    `latest_version`: where the main line stands. `last_version`: the highest number given, on whatever branch. `visibility`: how widely
    versions of it may be published; by itself it publishes nothing. `locked_blocks`: texts that optimization and compression keep word for
    word; `rules`: what they must keep to, in words. `archived_at`: it is put away, and can be neither executed nor changed.
    """

    prompt_id: UUID
    workspace_id: UUID
    slug: Slug
    name: str
    description: str
    use_case: str
    folder: str
    tags: tuple[str, ...]
    latest_version: int
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    visibility: Visibility = "private"
    last_version: int = 0
    categories: tuple[str, ...] = ()
    app_contexts: tuple[str, ...] = ()
    locked_blocks: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version. `branch`: the one it was saved on, None: the main line."""

    version: int
    content: VersionContent
    base_version: int | None
    source: Source
    change_message: str
    author: str
    created_at: datetime
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """A version without its content, which may be large. `branch`: the one it was saved on, None: the main line."""

    version: int
    model: str
    base_version: int | None
    source: Source
    change_message: str
    author: str
    created_at: datetime
    branch: str | None = None
    status: str = "draft"


@dataclass(frozen=True, slots=True)
class CloneSource:
    """The entry of the marketplace that a version was cloned from, as it was called then. The entry itself may be gone."""

    entry_id: UUID
    publisher: str
    slug: str
    version: int


@dataclass(frozen=True, slots=True)
class Edge:
    """Where one version comes from: another version, a job that made it, or an entry of the marketplace."""

    edge_id: UUID
    kind: EdgeKind
    version: int
    parent_slug: str | None
    parent_version: int | None
    job_id: UUID | None
    suggestion_id: UUID | None
    source: CloneSource | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LabelMove:
    """One step in a label's history. `from_version` None: the label was new; `to_version` None: it was removed."""

    move_id: UUID
    label: Label
    from_version: int | None
    to_version: int | None
    reason: str
    author: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """Where a label stands and since when."""

    label: Label
    version: int
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Affected:
    """A served version that reads otherwise because a snippet does. `through`: the way from it to the snippet.

    `new_required`: variables that it asks for from now on; `no_longer_used`: those that it used; `problem`: why it is no prompt any more.
    """

    slug: str
    version: int
    labels: tuple[str, ...]
    through: tuple[str, ...]
    new_required: tuple[str, ...] = ()
    no_longer_used: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class OnLabel:
    """An experiment on the calls of a label that was started and has not ended."""

    id: UUID
    name: str
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class MovedLabel:
    """What moving a label did. `is_moved` False: it stood there already. `from_version` None: the label is new.

    `effects`: the prompts that include this one by the label, and change with it. `experiments`: those on its calls.
    """

    placed: PlacedLabel
    from_version: int | None
    is_moved: bool
    effects: tuple[Affected, ...] = ()
    experiments: tuple[OnLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class RemovedLabel:
    """What a label named until it was removed, and when that was."""

    from_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """A prompt with its labels at one moment: enough to say which version a name means."""

    prompt: Prompt
    labels: dict[str, PlacedLabel]

    def named(self, *, label: Label | None, version: int | None) -> tuple[int, Label | None]:
        """The version that a label, a number, or neither (`production`) means, and the label it was reached by. Raises NotFound."""
        if version is not None:
            if not 1 <= version <= self.prompt.last_version:
                raise no_such_prompt(self.prompt.slug, version=version)
            return version, None
        wanted = label or PRODUCTION
        if wanted == LATEST:
            return self.prompt.latest_version, LATEST
        placed = self.labels.get(wanted)
        if placed is None:
            raise no_such_prompt(self.prompt.slug, label=wanted)
        return placed.version, wanted


def check_not_archived(prompt: Prompt) -> None:
    """Raises Conflict for a prompt that was put away: it is neither executed nor changed."""
    if prompt.archived_at is not None:
        restore = f"restore it with POST /v1/prompts/{prompt.slug}/restore"
        raise Conflict(f"The prompt '{prompt.slug}' was archived on {prompt.archived_at:%Y-%m-%d}; {restore}.", param="prompt")


def no_such_base(slug: str, version: int, *, newest: int) -> NotFound:
    """Of a version that somebody says that he changed."""
    message = f"base_version: '{slug}' has no version {version}; name the version that you changed. The newest is {newest}."
    return NotFound(message, param="base_version")


def no_such_prompt(slug: str, *, label: str | None = None, version: int | None = None, param: str = "") -> NotFound:
    """The same words whether it never was, was removed, or belongs to somebody else (PROMISES G-17). `label`, `version`: of a prompt that
    is there, in this workspace, and lacks it. `param`: where the prompt is named otherwise than by `prompt`, `version` and `label`; else
    it is what does not fit.
    """
    what = "version" if version else "label" if label else "prompt"
    if version or label:
        lacking = f"version {version}" if version else f"label '{label}'"
        return NotFound(f"The prompt '{slug}' has no {lacking}.", param=param or what)
    return NotFound(f"There is no prompt '{slug}' in this workspace.", param=param or what)
