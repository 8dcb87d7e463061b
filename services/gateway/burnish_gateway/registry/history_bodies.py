"""What callers send about the history of prompts: saving on a line, merging, picking, branching, going back, reviewing, commenting."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from burnish_gateway.comments.bodies import CommentText
from burnish_gateway.registry.bodies import AddVersion, ContentBody, ShortText, VersionNumber
from burnish_gateway.registry.three_way import MESSAGES, VARIANTS, Resolution
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.errors import InvalidField

BranchName = Annotated[Text, Field(min_length=1, max_length=200)]
Part = Annotated[Text, Field(min_length=1, max_length=700)]
LongText = Annotated[Text, Field(max_length=5_000)]


class ResolutionBody(ApiModel):
    """What is to stand at a conflict: what a side has (`take`), or another `value`; null: nothing."""

    part: Part = Field(description="As the conflict names it; `messages` for all of its runs of lines.")
    take: Literal["base", "ours", "theirs"] | None = None
    value: Any = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.take is None) == ("value" not in self.model_fields_set):
            raise ValueError("give 'take' or 'value', and not both")
        return self


Resolutions = Annotated[list[ResolutionBody], Field(max_length=1_000)]


class MergeOffer(ApiModel):
    """Accepts the merge that a 409 offered, if `newer_version` is still where the line stands."""

    newer_version: VersionNumber
    resolutions: Resolutions = Field(default_factory=list)


class SaveVersion(AddVersion):
    """The next version: what is given is put over `base_version`; a null takes a setting away."""

    branch: BranchName | None = Field(
        default=None, description="The branch to save on, which must stand at `base_version`; `main` without."
    )
    merge: MergeOffer | None = Field(default=None, description="Save the merge that the 409 of saving on an older version offered.")


class MergeVersions(ApiModel):
    """Brings a version, or where a branch stands, into a line of the prompt."""

    version: VersionNumber | None = None
    branch: BranchName | None = Field(default=None, description="In place of `version`: where this branch stands.")
    into: BranchName = Field(default="main", description="The branch that is to have it.")
    base_version: VersionNumber | None = Field(
        default=None, description="Where `into` stood when the merge was looked at; 409 where it stands elsewhere by now."
    )
    resolutions: Resolutions = Field(default_factory=list)
    message: ShortText = Field(default="", description="Why this version was made.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.version is None) == (self.branch is None):
            raise ValueError("give 'version' or 'branch': what is to be merged")
        return self


class CherryPick(ApiModel):
    """Takes parts of a version over into the line that stands at `base_version`."""

    base_version: VersionNumber
    parts: Annotated[list[Part], Field(min_length=1, max_length=600)] = Field(
        description="Fields such as `model`, `messages`, `messages[0]`, `parameters.NAME`; `*` for everything."
    )
    branch: BranchName | None = Field(default=None, description="`main` where nothing is said.")
    message: ShortText = Field(default="", description="Why this version was made.")


class StartBranch(ApiModel):
    branch: BranchName = Field(description="A name like that of a label; `main` and `latest` are taken.")
    version: VersionNumber


class CopyVersion(ApiModel):
    """A prompt of its own that begins with a version of this one."""

    slug: Annotated[Text, Field(min_length=1, max_length=200)]
    name: Name | None = Field(default=None, description="The slug where nothing is said.")
    label: Annotated[Text, Field(max_length=200)] | None = Field(default=None, description="The label that version 1 gets.")


class RollBack(ApiModel):
    """Without `version`: to where the label stood before its last move."""

    version: VersionNumber | None = Field(default=None, description="One that the label has named before.")
    reason: ShortText = ""


class RequestReview(ApiModel):
    note: LongText = Field(default="", description="What reviewers should look at.")
    reviewers: Annotated[list[UUID], Field(max_length=50)] = Field(
        default_factory=list,
        description="Members who are asked, by user id: it stands in their inboxes. Empty: all who may decide. Others may decide, too.",
    )


class DecideReview(ApiModel):
    comment: LongText = ""


class SendBack(ApiModel):
    comment: Annotated[Text, Field(min_length=1, max_length=5_000)] = Field(description="What is to be changed.")


class AddComment(ApiModel):
    """On a version, or, with `against`, on how `version` differs from that one. `@name@example.com` in the text mentions a member."""

    version: VersionNumber
    against: VersionNumber | None = None
    part: Part | None = Field(default=None, description="What it is about: a field, `messages[0]`, `parameters.NAME`.")
    reply_to: UUID | None = Field(default=None, description="The answer is about what that comment is about, and belongs to its thread.")
    body: CommentText
    mentions: Annotated[list[UUID], Field(max_length=50)] = Field(default_factory=list, description="Further members, by their user id.")


def resolutions_of(given: Sequence[ResolutionBody]) -> dict[str, Resolution]:
    """By part, with values in their stored form. Raises InvalidField for a part said twice, or a value that its field does not take."""
    found: dict[str, Resolution] = {}
    for one in given:
        if one.part in found:
            raise InvalidField(f"'{one.part[:100]}' is resolved twice.", param="resolutions")
        if one.take is None and one.value is not None and not one.part.startswith(f"{MESSAGES}:"):
            found[one.part] = Resolution(value=_stored(one.part, one.value))
        else:
            found[one.part] = Resolution(one.take, one.value)
    return found


def _stored(part: str, value: Any) -> Any:
    field, _, name = part.partition(".")
    one = [value] if field == VARIANTS else {name: value}
    asked: Mapping[str, Any] = {field: one if name else value}
    try:
        stored = ContentBody.model_validate(asked).given()[field]
    except InvalidField as error:
        raise InvalidField(f"The value for '{part[:100]}': {error.message}", param="resolutions") from error
    except KeyError as error:
        raise InvalidField(f"'{part[:100]}' is no conflict of this merge; leave its resolution out.", param="resolutions") from error
    if not name:
        return stored
    return stored[0] if field == VARIANTS else stored[name]
