"""What callers send about prompts. Sizes are bounded here, meaning is checked by `content.checked`."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from burnish_gateway.model_settings import JsonObject, ModelSettings
from burnish_gateway.models.requirements import Requirements
from burnish_gateway.registry.content import CONTENT_FIELDS
from burnish_gateway.registry.variants import MAX_VARIANTS
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.checks import InputValidators, OutputValidators
from burnish_shared.nearest_examples import COUNT_MOST, POOL_MOST
from burnish_shared.prompt_settings import CACHE_MOST_S, FALLBACKS_MOST
from burnish_shared.slug import MAX_VERSION
from burnish_shared.template.messages import MAX_MESSAGES
from burnish_shared.template.syntax import MAX_TEMPLATE_CHARS
from burnish_shared.template.values import VariableType

VersionNumber = Annotated[int, Field(ge=1, le=MAX_VERSION)]
TemplateText = Annotated[Text, Field(max_length=MAX_TEMPLATE_CHARS)]
ShortText = Annotated[Text, Field(max_length=2_000)]
ModelName = Annotated[Text, Field(min_length=1, max_length=200, pattern=r"^[^\s]+$")]
Tag = Annotated[Text, Field(min_length=1, max_length=50)]
Tags = Annotated[list[Tag], Field(max_length=50)]
ShortNames = Annotated[list[Tag], Field(max_length=20)]
LockedBlocks = Annotated[list[Annotated[Text, Field(min_length=1, max_length=20_000)]], Field(max_length=50)]
Rules = Annotated[list[Annotated[Text, Field(min_length=1, max_length=2_000)]], Field(max_length=50)]
Visibility = Literal["private", "organization", "public"]


class MessageBody(ApiModel):
    """One message of a prompt. A `placeholder` stands for a list of messages, given as the variable `name` when the prompt is rendered."""

    role: Literal["system", "developer", "user", "assistant", "placeholder"]
    content: TemplateText | None = Field(default=None, description="A template; see the guide to prompts for what it may hold.")
    name: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    optional: bool | None = Field(default=None, description="Only of a placeholder: it may be left out.")

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        if self.role == "placeholder" and (self.content is not None or self.name is None):
            raise ValueError("a placeholder has a name and no content")
        if self.role != "placeholder" and self.content is None:
            raise ValueError("a message needs its text in 'content'")
        if self.role != "placeholder" and self.optional is not None:
            raise ValueError("only a placeholder can be optional")
        return self


class ParameterBody(ApiModel):
    """What is known of a variable beforehand."""

    type: VariableType | None = None
    default: Any = None
    description: ShortText | None = None


class CacheBody(ApiModel):
    """A cache of answers. `deterministic`: for calls at temperature 0; `always`: at any temperature."""

    mode: Literal["off", "deterministic", "always"] | None = None
    ttl_s: Annotated[int, Field(ge=1, le=CACHE_MOST_S)] | None = Field(default=None, description="The workspace's where nothing is said.")


class RetryPolicyBody(ApiModel):
    """What happens when a provider fails in a way that costs nothing. Waits grow by themselves, with jitter (docs/guides/resilience.md)."""

    retries: Annotated[int, Field(ge=0, le=10)] | None = Field(default=None, description="Further calls; 3 where nothing is said.")
    wait_most_s: Annotated[float, Field(ge=0, le=60)] | None = Field(
        default=None, description="A provider that asks to wait longer is not waited for; 5 where nothing is said."
    )


class TestCaseBody(ApiModel):
    """An example of a call, and of what a good answer to it is."""

    name: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    variables: JsonObject | None = Field(default=None, description="What is put into the prompt.")
    input: Text | JsonObject | None = Field(
        default=None, description="In place of `variables`: the one text that goes in, or an item's input."
    )
    expected: Any = Field(default=None, description="The answer that is right.")
    criteria: ShortText | None = Field(default=None, description="What makes an answer good, in words.")
    metadata: JsonObject | None = None

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        if self.variables is not None and self.input is not None:
            raise ValueError("give 'variables' or 'input', not both")
        return self


def _names_models(text: str) -> str:
    if not text.strip() or len(text.split()) > 1 or "*" in text[:-1]:
        raise ValueError("must be a model's name, or the beginning of names with one '*' at its end, such as 'anthropic/*'")
    return text


class VariantBody(ApiModel):
    """The text for certain models, in place of the version's."""

    model: Annotated[Text, Field(min_length=1, max_length=200), AfterValidator(_names_models)] = Field(
        description="A model's name, or the beginning of names with a `*`: `anthropic/*`."
    )
    messages: Annotated[list[MessageBody], Field(min_length=1, max_length=MAX_MESSAGES)] | None = None
    template: TemplateText | None = Field(default=None, description="In place of `messages`: the text of one user message.")

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if (self.messages is None) == (self.template is None):
            raise ValueError("a variant needs its text in 'messages' or 'template', one of them")
        return self

    def given(self) -> dict[str, Any]:
        """As it is stored."""
        return {"model": self.model, "messages": _messages(self.messages, self.template)}


class ExampleBody(ApiModel):
    input: Text = Field(min_length=1, max_length=8_000)
    expected: Text = Field(max_length=8_000)


class ExamplesBody(ApiModel):
    """The `count` of `pool` that are likest to what a call asks stand at the end of its first system message."""

    count: Annotated[int, Field(ge=1, le=COUNT_MOST)]
    pool: Annotated[list[ExampleBody], Field(min_length=1, max_length=POOL_MOST)]


class ContentBody(ModelSettings):
    """The content of a version. A setting that is not given is not sent to the provider."""

    messages: Annotated[list[MessageBody], Field(min_length=1, max_length=MAX_MESSAGES)] | None = None
    template: TemplateText | None = Field(default=None, description="In place of `messages`: the text of one user message.")
    model: ModelName | None = None
    provider: ModelName | None = None
    output_format: Literal["text", "json", "markdown", "code", "structured"] | None = None
    json_schema: JsonObject | None = None
    parameters: Annotated[dict[Annotated[Text, Field(max_length=600)], ParameterBody], Field(max_length=500)] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600)] | None = Field(default=None, description="30 where nothing is said.")
    fallback_models: Annotated[list[ModelName], Field(max_length=FALLBACKS_MOST)] | None = Field(
        default=None, description="Asked in this order when the model fails before anything of an answer came."
    )
    fallback_cheaper: bool | None = Field(
        default=None, description="After those that are named, the next cheaper models that can do what the call asks."
    )
    fallback_version: VersionNumber | None = Field(
        default=None,
        description="An earlier version, used in this one's place for a call that it cannot be rendered for, or whose input it refuses.",
    )
    retry_policy: RetryPolicyBody | None = Field(default=None, description="How often, and how long, a failing provider is tried again.")
    requirements: Requirements | None = Field(
        default=None, description="What the model must meet where it is `auto`, in place of what the workspace asks."
    )
    test_cases: Annotated[list[TestCaseBody], Field(max_length=200)] | None = None
    success_criteria: Annotated[list[ShortText], Field(max_length=50)] | None = None
    quality_threshold: Annotated[float, Field(ge=0, le=1)] | None = Field(default=None, description="0.8 where nothing is said.")
    features: Annotated[list[Tag], Field(max_length=50)] | None = None
    cache: CacheBody | None = Field(default=None, description="Whether answers are given again, in place of what the workspace says.")
    cacheable_messages: Annotated[int, Field(ge=0, le=MAX_MESSAGES)] | None = Field(
        default=None,
        description="So many messages from the first on are the same in every call: the provider is asked to keep them in its own cache.",
    )
    variants: Annotated[list[VariantBody], Field(min_length=1, max_length=MAX_VARIANTS)] | None = Field(
        default=None, description="Texts for certain models, also where one is fallen back to. Variables and settings are the version's."
    )
    examples: ExamplesBody | None = Field(
        default=None, description="Examples that are chosen for each call from a pool that is part of the version."
    )
    input_validators: InputValidators | None = Field(default=None, description="What variables and messages must be like: else 422.")
    output_validators: OutputValidators | None = Field(default=None, description="What the answer must be like, beside its format.")
    repair_output: bool | None = Field(
        default=None, description="Whether the model is asked once more for an answer that is not valid. True where nothing is said."
    )

    extra: Annotated[JsonObject, Field(max_length=64)] | None = Field(
        default=None,
        description="Further fields of the provider's own format, such as `top_k`, passed on as they are; never in place of ours.",
    )
    config: JsonObject | None = Field(
        default=None,
        description="For the application, at most 65,536 bytes: it is given back with the text, and no call reads it.",
    )

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if self.messages is not None and self.template is not None:
            raise ValueError("give 'messages' or 'template', not both")
        return self

    def given(self) -> dict[str, Any]:
        """The content fields that were given, in their stored form. A null that was given stays a null."""
        fields = dict(self.model_dump(include=set(CONTENT_FIELDS), exclude_unset=True).items())
        if self.messages is not None or self.template is not None:
            fields["messages"] = _messages(self.messages, self.template)
        if self.variants is not None:
            fields["variants"] = [one.given() for one in self.variants]
        if self.test_cases is not None:
            fields["test_cases"] = [one.model_dump(exclude_unset=True) for one in self.test_cases]
        for name in ("input_validators", "output_validators"):
            if (validators := getattr(self, name)) is not None:
                fields[name] = [one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in validators]
        if self.requirements is not None:
            fields["requirements"] = self.requirements.model_dump(exclude_none=True, exclude_defaults=True)
        if self.retry_policy is not None:
            fields["retry_policy"] = self.retry_policy.model_dump(exclude_none=True)
        if self.cache is not None:
            fields["cache"] = self.cache.model_dump(exclude_none=True)
        if self.parameters is not None:
            fields["parameters"] = {name: one.model_dump(exclude_none=True) for name, one in self.parameters.items()}
        return fields


def _messages(messages: list[MessageBody] | None, template: str | None) -> list[dict[str, Any]]:
    if messages is not None:
        return [one.model_dump(exclude_none=True) for one in messages]
    return [{"role": "user", "content": template}]


class CreatePrompt(ContentBody):
    """A prompt and its version 1."""

    slug: Annotated[Text, Field(min_length=1, max_length=200)] = Field(description="Folded to lower case; `[a-z0-9][a-z0-9_-]{0,62}`.")
    name: Name | None = Field(default=None, description="The slug where nothing is said.")
    description: Annotated[Text, Field(max_length=10_000)] = ""
    use_case: ShortText = ""
    folder: Annotated[Text, Field(max_length=700)] = Field(default="", description="A path joined by '/'.")
    tags: Tags = Field(default_factory=list)
    categories: ShortNames = Field(default_factory=list, description="What kind of prompt it is: analysis, extraction, …")
    app_contexts: ShortNames = Field(default_factory=list, description="Where in the callers' applications it is used.")
    locked_blocks: LockedBlocks = Field(
        default_factory=list, description="Texts of it that optimization and compression keep word for word; each must stand in version 1."
    )
    rules: Rules = Field(default_factory=list, description="What optimization must keep to, in words.")
    visibility: Visibility = Field(default="private", description="How widely versions may be published. `public` needs an admin.")
    label: Annotated[Text, Field(max_length=200)] | None = Field(
        default="production", description="The label that version 1 gets, so that the prompt can be executed at once; null for none."
    )
    message: ShortText = Field(default="", description="Why this version was made.")


class ChangePrompt(ApiModel):
    """What of a prompt is not versioned. A field that is not given stays."""

    name: Name | None = None
    description: Annotated[Text, Field(max_length=10_000)] | None = None
    use_case: ShortText | None = None
    folder: Annotated[Text, Field(max_length=700)] | None = None
    tags: Tags | None = None
    categories: ShortNames | None = None
    app_contexts: ShortNames | None = None
    locked_blocks: LockedBlocks | None = Field(
        default=None, description="Texts that optimization and compression keep word for word; each must stand in the newest version."
    )
    rules: Rules | None = Field(default=None, description="What optimization must keep to, in words.")
    visibility: Visibility | None = Field(
        default=None,
        description="How widely versions may be published. A narrower one withdraws what is published wider; `public` needs an admin.",
    )


class AddVersion(ContentBody):
    """The next version: what is given is put over `base_version`; a null takes a setting away."""

    base_version: VersionNumber
    message: ShortText = Field(default="", description="Why this version was made.")


class MoveLabel(ApiModel):
    version: VersionNumber
    reason: ShortText = ""
    retest: bool | None = Field(
        default=None, description="Begins the newest test runs again of prompts that include this one by the label, and change with it."
    )


class RenderPrompt(ApiModel):
    """Which version (`production` where neither is given), and what to put in."""

    variables: JsonObject = Field(default_factory=dict)
    label: Annotated[Text, Field(max_length=200)] | None = None
    version: VersionNumber | None = None
    model: ModelName | None = Field(default=None, description="By the text for this model; the version's own where nothing is said.")

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if self.label is not None and self.version is not None:
            raise ValueError("give 'label' or 'version', not both")
        return self
