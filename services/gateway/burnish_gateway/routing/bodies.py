"""What callers say of routing: what `auto` asks of a model, and rules (PRODUCT E12)."""

from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, model_validator

from burnish_gateway.label_name import label_named
from burnish_gateway.models.requirements import Requirements
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.expressions import ExpressionError, can_hold, parse

RULES_MOST: Final = 50

WORDS: Final = (
    "variables", "input_tokens", "language", "prompt", "version", "label", "model", "user_id", "session_id", "app", "metadata", "stream",
    "background",
)  # fmt: skip
"""What a condition may speak of."""

NO_CONDITIONS: Final = ("variables", "metadata", "input_tokens")
"""Words that are no condition by themselves."""


class RuleUse(ApiModel):
    """What a rule chooses: exactly one."""

    model: Annotated[Text, Field(min_length=1, max_length=200, pattern=r"^[^\s]+$")] | None = Field(default=None, description="Or `auto`.")
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    label: Annotated[Text, Field(min_length=1, max_length=63), AfterValidator(label_named)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.model, self.version, self.label)) != 1:
            raise ValueError("give exactly one of model, version and label")
        return self


class Rule(ApiModel):
    """`when`: a condition over the call; the first rule whose condition holds chooses."""

    name: Name
    when: Annotated[Text, Field(min_length=1, max_length=2_000)]
    use: RuleUse

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        try:
            tree = parse(self.when, names=WORDS)
        except ExpressionError as error:
            raise ValueError(f"when: {error}") from error
        if not can_hold(tree, never=NO_CONDITIONS):
            raise ValueError("when: is neither true nor false, whatever the call is")
        return self


Rules = Annotated[list[Rule], Field(max_length=RULES_MOST)]


def _named_once(rules: list[Rule]) -> list[Rule]:
    names = [one.name for one in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"rules: the name {twice!r} stands twice; an answer says which rule applied")
    return rules


class WorkspaceRouting(ApiModel):
    """The whole of it: what is left out is empty from then on."""

    requirements: Requirements = Field(default_factory=Requirements)
    rules: Rules = Field(default_factory=list)

    @model_validator(mode="after")
    def _of_any_prompt(self) -> Self:
        _named_once(self.rules)
        if any(one.use.model is None for one in self.rules):
            raise ValueError("rules: of a workspace choose models; versions and labels belong to a prompt's own rules")
        return self


class PromptRouting(ApiModel):
    """The prompt's own rules, asked before the workspace's. What `auto` asks of a model stands in the prompt's versions."""

    rules: Rules = Field(default_factory=list)

    @model_validator(mode="after")
    def _names(self) -> Self:
        _named_once(self.rules)
        return self


def stored_rules(rules: list[Rule]) -> list[dict[str, Any]]:
    return [one.model_dump(exclude_none=True) for one in rules]
