"""What callers are told about prompts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.registry.difference import Difference
from burnish_gateway.registry.effect_answers import AffectedAnswer, ExperimentOnLabel, affected_answer, experiments_on_label
from burnish_gateway.registry.prompt import Head, LabelMove, MovedLabel, PlacedLabel, Source, Version, VersionSummary, Visibility
from burnish_gateway.registry.text_answers import Estimated, VariableAnswer, estimated, variables_of
from burnish_shared.slug import LATEST, Label
from burnish_shared.template import PromptTemplate, Rendered


class PromptItem(BaseModel):
    """A prompt in a list."""

    id: UUID
    slug: str
    name: str
    description: str
    use_case: str
    folder: str
    tags: list[str]
    categories: list[str]
    app_contexts: list[str]
    locked_blocks: list[str]
    rules: list[str]
    visibility: Visibility
    archived_at: datetime | None
    latest_version: int
    labels: dict[str, int]
    created_by: str
    created_at: datetime
    updated_at: datetime


class ContentAnswer(BaseModel):
    """The content of a version: the fields that were given, and no others."""

    messages: list[dict[str, Any]]
    model: str
    provider: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    output_format: str | None = None
    json_schema: dict[str, Any] | None = None
    parameters: dict[str, Any] | None = None
    timeout_s: float | None = None
    fallback_models: list[str] | None = None
    requirements: dict[str, Any] | None = None
    fallback_cheaper: bool | None = None
    fallback_version: int | None = None
    retry_policy: dict[str, Any] | None = None
    test_cases: list[dict[str, Any]] | None = None
    success_criteria: list[str] | None = None
    quality_threshold: float | None = None
    features: list[str] | None = None
    cache: dict[str, Any] | None = None
    cacheable_messages: int | None = None
    input_validators: list[dict[str, Any]] | None = None
    output_validators: list[dict[str, Any]] | None = None
    repair_output: bool | None = None
    variants: list[dict[str, Any]] | None = None
    examples: dict[str, Any] | None = None
    extra: dict[str, Any] | None = Field(default=None, description="Fields of the provider's own format.")
    config: dict[str, Any] | None = Field(default=None, description="Kept for the application; no call reads it.")


class VersionItem(BaseModel):
    """A version in a list, without its content."""

    version: int
    model: str
    base_version: int | None
    source: Source
    message: str
    author: str
    created_at: datetime
    branch: str | None = None
    status: str = Field(default="draft", description="`draft`, `in_review` or `approved`.")


WARNINGS = "In the answer to saving it: locked blocks that are not in it, and models that nobody can call here."


class VersionAnswer(ContentAnswer):
    """One immutable version. `is_new` only in the answer to saving it: false where this content had been saved before."""

    slug: str
    version: int
    base_version: int | None
    source: Source
    message: str
    author: str
    created_at: datetime
    branch: str | None = None
    variables: list[VariableAnswer]
    estimated: Estimated
    snippets: dict[str, int] | None = Field(default=None, description="What it includes: the version that each name means now.")
    is_new: bool | None = None
    warnings: list[str] | None = Field(default=None, description=WARNINGS)


class PromptAnswer(PromptItem, ContentAnswer):
    """A prompt with one of its versions: `label` is the one it was reached by."""

    version: int
    label: str | None = None
    version_created_at: datetime
    variables: list[VariableAnswer]
    estimated: Estimated
    snippets: dict[str, int] | None = Field(default=None, description="What it includes: the version that each name means now.")
    warnings: list[str] | None = Field(default=None, description=WARNINGS)


class LabelAnswer(BaseModel):
    """Where a label stands. `latest` has no `moved_at`: it moves by itself. `version` is null in the answer to removing a label."""

    label: str
    version: int | None
    moved_at: datetime | None
    changed: list[AffectedAnswer] | None = Field(
        default=None, description="Prompts that include this one by the label, and change with it."
    )
    experiments: list[ExperimentOnLabel] | None = Field(
        default=None,
        description="Of a label that was moved: the newest five on its calls, which go on giving their arms to who takes part. Pause or "
        "end them where everybody is to get the label.",
    )
    warnings: list[str] | None = Field(
        default=None,
        description="Of a label that was moved: what of its version reaches no model, or less than it says, as when it is saved.",
    )
    is_new: bool | None = Field(default=None, description="True where no label of this name stood there.")
    retested: list[dict[str, Any]] | None = Field(default=None, description="Test runs of those that were begun again.")
    not_retested: list[dict[str, Any]] | None = Field(default=None, description="Those that were not, and why.")


class LabelMoveAnswer(BaseModel):
    label: str
    from_version: int | None
    version: int | None
    reason: str
    author: str
    moved_at: datetime


class RenderAnswer(BaseModel):
    """Messages as a model would get them. `stale_for_s`: how long the database has been out of reach; 0 while it is not."""

    slug: str
    version: int
    label: str | None
    model: str
    messages: list[dict[str, Any]]
    used_variables: list[str]
    stale_for_s: float
    config: dict[str, Any] | None = Field(default=None, description="The version's, where it has one.")


class PieceAnswer(BaseModel):
    op: str
    text: str


class FieldChangeAnswer(BaseModel):
    field: str
    before: Any
    after: Any


class MessageChangeAnswer(BaseModel):
    """`words`: its text, of a placeholder its name. `fields`: what else of the message differs."""

    index: int
    kind: str
    role_before: str | None
    role_after: str | None
    words: list[PieceAnswer]
    fields: list[FieldChangeAnswer] = []


class DifferenceAnswer(BaseModel):
    """What it takes to get from version `a` to version `b`."""

    slug: str
    a: int
    b: int
    identical: bool
    messages: list[MessageChangeAnswer]
    settings: list[FieldChangeAnswer]


class FolderAnswer(BaseModel):
    """`prompts` lie in it, `within` in it and below it. '' is the top."""

    folder: str
    prompts: int
    within: int


class FolderPage(BaseModel):
    data: list[FolderAnswer]
    next_cursor: str | None


class VersionPage(BaseModel):
    data: list[VersionItem]
    next_cursor: str | None


class LabelPage(BaseModel):
    data: list[LabelAnswer]
    next_cursor: str | None


class LabelMovePage(BaseModel):
    data: list[LabelMoveAnswer]
    next_cursor: str | None


def plain(answer: BaseModel) -> dict[str, Any]:
    """As JSON, without the settings that were not given."""
    return answer.model_dump(mode="json", exclude_unset=True)


def prompt_item(head: Head) -> PromptItem:
    return PromptItem(**_prompt_fields(head))


def prompt_answer(
    head: Head, version: Version, *, label: Label | None, template: PromptTemplate, found: ResolvedVersion | None = None
) -> PromptAnswer:
    """`found`: the version with its snippets in place, where they were looked up."""
    return PromptAnswer(
        **_prompt_fields(head),
        **version.content.fields(),
        version=version.version,
        label=label,
        version_created_at=version.created_at,
        variables=variables_of(template, found.variants if found else version.content.variants()),
        estimated=estimated(version.content, found.template if found else template),
        **({"snippets": dict(found.snippets)} if found and found.snippets else {}),
    )


def version_answer(
    slug: str, version: Version, *, is_new: bool | None = None, found: ResolvedVersion | None = None, warnings: Sequence[str] = ()
) -> VersionAnswer:
    """`found`: the version with its snippets in place, where they were looked up."""
    template = found.template if found else version.content.template()
    return VersionAnswer(
        **version.content.fields(),
        slug=slug,
        version=version.version,
        base_version=version.base_version,
        source=version.source,
        message=version.change_message,
        author=version.author,
        created_at=version.created_at,
        branch=version.branch,
        variables=variables_of(template, found.variants if found else version.content.variants()),
        estimated=estimated(version.content, template),
        **({"snippets": dict(found.snippets)} if found and found.snippets else {}),
        **({} if is_new is None else {"is_new": is_new}),
        **({"warnings": list(warnings)} if warnings else {}),
    )


def version_item(summary: VersionSummary) -> VersionItem:
    return VersionItem(
        version=summary.version,
        model=summary.model,
        base_version=summary.base_version,
        source=summary.source,
        message=summary.change_message,
        author=summary.author,
        created_at=summary.created_at,
        branch=summary.branch,
        status=summary.status,
    )


def label_answer(placed: PlacedLabel, **more: Any) -> LabelAnswer:
    return LabelAnswer(label=placed.label, version=placed.version, moved_at=placed.moved_at, **more)


def moved_label_answer(moved: MovedLabel, *, warnings: Sequence[str]) -> LabelAnswer:
    """What is empty is left out."""
    more: dict[str, Any] = {"is_new": True} if moved.is_moved and moved.from_version is None else {}
    more |= {"changed": [affected_answer(one) for one in moved.effects]} if moved.effects else {}
    more |= {"experiments": experiments_on_label(moved.experiments)} if moved.experiments else {}
    more |= {"warnings": list(warnings)} if warnings else {}
    return label_answer(moved.placed, **more)


def label_list(head: Head) -> list[LabelAnswer]:
    latest = LabelAnswer(label=LATEST, version=head.prompt.latest_version, moved_at=None)
    return [*(label_answer(placed) for placed in head.labels.values()), latest]


def label_move_answer(move: LabelMove) -> LabelMoveAnswer:
    return LabelMoveAnswer(
        label=move.label,
        from_version=move.from_version,
        version=move.to_version,
        reason=move.reason,
        author=move.author,
        moved_at=move.moved_at,
    )


def render_answer(resolved: ResolvedVersion, rendered: Rendered, *, stale_for_s: float) -> RenderAnswer:
    return RenderAnswer(
        slug=resolved.slug,
        version=resolved.version,
        label=resolved.label,
        model=resolved.model,
        messages=rendered.messages,
        used_variables=list(rendered.used),
        stale_for_s=round(stale_for_s, 1),
        **({} if (config := resolved.record.content.spec.get("config")) is None else {"config": config}),
    )


def difference_answer(slug: str, a: int, b: int, change: Difference) -> DifferenceAnswer:
    return DifferenceAnswer(
        slug=slug,
        a=a,
        b=b,
        identical=not (change.messages or change.settings),
        messages=[
            MessageChangeAnswer(
                index=one.index,
                kind=one.kind,
                role_before=one.role_before,
                role_after=one.role_after,
                words=[PieceAnswer(op=piece.op, text=piece.text) for piece in one.pieces],
                fields=[FieldChangeAnswer(field=field.field, before=field.before, after=field.after) for field in one.fields],
            )
            for one in change.messages
        ],
        settings=[FieldChangeAnswer(field=one.field, before=one.before, after=one.after) for one in change.settings],
    )


def _prompt_fields(head: Head) -> Mapping[str, Any]:
    prompt = head.prompt
    return {
        "id": prompt.prompt_id,
        "slug": prompt.slug,
        "name": prompt.name,
        "description": prompt.description,
        "use_case": prompt.use_case,
        "folder": prompt.folder,
        "tags": list(prompt.tags),
        "categories": list(prompt.categories),
        "app_contexts": list(prompt.app_contexts),
        "locked_blocks": list(prompt.locked_blocks),
        "rules": list(prompt.rules),
        "archived_at": prompt.archived_at,
        "visibility": prompt.visibility,
        "latest_version": prompt.latest_version,
        "labels": {placed.label: placed.version for placed in head.labels.values()} | {LATEST: prompt.latest_version},
        "created_by": prompt.created_by,
        "created_at": prompt.created_at,
        "updated_at": prompt.updated_at,
    }
