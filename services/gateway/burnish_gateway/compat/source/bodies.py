"""What clients of the source systems send. Fields that they have beyond these are passed over: their systems did too."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from burnish_gateway.clarifications.bodies import AnswerBody, Id, RateClarification, RoughPrompt, check_each_once
from burnish_gateway.datasets.item import says_nothing
from burnish_gateway.enrichments.bodies import ChatContent, ChatLine, Content
from burnish_gateway.enrichments.contents import CONTENT_MOST_CHARS
from burnish_gateway.enrichments.shipped import SourceType
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.egress.target import MAX_URL_LENGTH
from burnish_shared.errors import InvalidField
from burnish_shared.template.syntax import MAX_TEMPLATE_CHARS

ShortText = Annotated[Text, Field(max_length=2_000)]
Slug = Annotated[Text, Field(min_length=1, max_length=63)]
Template = Annotated[Text, Field(min_length=1, max_length=MAX_TEMPLATE_CHARS)]
Category = Annotated[Text, Field(min_length=1, max_length=50)]
Ticket = Annotated[Text, Field(min_length=1, max_length=100_000)]


def _or_null(schema: dict[str, Any]) -> None:
    """In OpenAPI too, null may stand for every field that may be left out."""
    for name, one in schema.get("properties", {}).items():
        if name in schema.get("required", ()) or {"type": "null"} in one.get("anyOf", ()):
            continue
        said = {word: one.pop(word) for word in ("title", "description", "default") if word in one}
        schema["properties"][name] = {"anyOf": [dict(one), {"type": "null"}], **said}


class SourceModel(ApiModel):
    """Strict in what it knows, deaf to what it does not. Null is as good as not given: clients that name every field send it."""

    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False, json_schema_extra=_or_null)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value


class StartOptimization(RoughPrompt, SourceModel):
    """A session of questions about a rough prompt."""


class SourceAnswer(AnswerBody, SourceModel):
    """One answer; null, or nothing, skips the question."""


class SubmitAnswer(SourceModel):
    session_id: UUID
    answers: Annotated[list[SourceAnswer], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        check_each_once(self.answers)
        return self


class GenerateFinalPrompt(SourceModel):
    session_id: UUID


class SubmitFeedback(SourceModel):
    """How a session was, from 1 to 5."""

    session_id: UUID
    rating: Annotated[int, Field(ge=1, le=5)]
    comments: Annotated[Text, Field(max_length=4_000)] | None = None

    def rated(self) -> RateClarification:
        return RateClarification.model_construct(rating=self.rating, comments=self.comments or "")


class NewSourcePrompt(SourceModel):
    """`id` becomes the slug; `model`: that answers with it, the workspace's usual one where none is named."""

    id: Slug
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    template: Template
    categories: Annotated[list[Category], Field(max_length=50)] | None = Field(
        default=None, description="Read from the template where none are given."
    )
    model: Annotated[Text, Field(min_length=1, max_length=200)] | None = None


class ChangedSourcePrompt(SourceModel):
    name: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    template: Template | None = None
    categories: Annotated[list[Category], Field(max_length=50)] | None = None


class NewRun(SourceModel):
    """The prompt may also stand in the query."""

    prompt_id: Slug | None = None


class TestItem(SourceModel):
    """One case: `ticket` or `text`, `expected` or `category`."""

    __test__ = False  # pytest takes the name for a test

    test_id: Id | None = None
    id: Id | None = None
    ticket: Ticket | None = None
    text: Ticket | None = None
    expected: Annotated[Text, Field(min_length=1, max_length=20_000)] | None = None
    category: Annotated[Text, Field(min_length=1, max_length=20_000)] | None = None

    @model_validator(mode="after")
    def _is_a_case(self) -> Self:
        if (self.ticket or self.text) is None:
            raise ValueError("ticket: a case needs its 'ticket'")
        if says_nothing(self.answer):
            raise ValueError("expected: a case needs what is 'expected'")
        return self

    @property
    def answer(self) -> str:
        """What is right: of the two the first that says anything."""
        return next((one for one in (self.expected, self.category) if one is not None and not says_nothing(one)), "")


class TestSet(SourceModel):
    __test__ = False

    items: Annotated[list[TestItem], Field(min_length=1, max_length=5_000)]


class RunPrompt(SourceModel):
    """Of `/prompt-executor`. `prompt_id` is a slug, also `slug@label` or `slug@3`."""

    prompt_id: Annotated[Text, Field(min_length=1, max_length=130)]
    input_data: Annotated[dict[str, Any], Field(max_length=500)] = Field(default_factory=dict)
    override_params: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict)
    session_id: Id | None = None
    user_id: Id | None = None


class SourceMessage(SourceModel):
    role: Annotated[Text, Field(min_length=1, max_length=40)] = "user"
    content: Annotated[Text, Field(max_length=100_000)]


def metadata_of(body: "AnalyzeChat | EnrichContent") -> dict[str, Any]:
    """As it is given: what is stored with a content stays where a call says nothing of it."""
    return {"metadata": body.metadata} if "metadata" in body.model_fields_set else {}


class AnalyzeChat(SourceModel):
    """A stored chat by its id, or the messages of one."""

    chat_id: Id | None = None
    session_id: Id | None = None
    messages: Annotated[list[SourceMessage], Field(min_length=1, max_length=2_000)] | None = None
    metadata: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict)
    user_id: Id | None = None

    def content(self) -> Content:
        """Messages that are sent are stored under the chat's id, if it has one."""
        own = self.chat_id or self.session_id
        if self.messages is not None:
            told = ChatContent.model_construct(messages=[ChatLine.model_construct(**one.model_dump()) for one in self.messages])
            return Content.model_construct(content=told, external_id=own, user_id=self.user_id, **metadata_of(self))
        if own is None:
            raise InvalidField("chat_id: is needed where there are no messages.", param="chat_id")
        return Content.model_construct(id=own, user_id=self.user_id, **metadata_of(self))


class EnrichContent(SourceModel):
    """A stored content by its id, its text, or where it lies. Without a `source_type` a new one is a document."""

    content_id: Id | None = None
    source_type: SourceType | None = None
    content: Annotated[Text, Field(min_length=1, max_length=CONTENT_MOST_CHARS)] | None = None
    url: Annotated[Text, Field(min_length=1, max_length=MAX_URL_LENGTH)] | None = None
    metadata: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict)
    user_id: Id | None = None

    def read(self) -> Content:
        common: dict[str, Any] = {"user_id": self.user_id, **metadata_of(self)}
        if self.content is not None:
            return Content.model_construct(content=self.content, external_id=self.content_id, **common)
        if self.url is not None:
            return Content.model_construct(url=self.url, external_id=self.content_id, **common)
        if self.content_id is None:
            raise InvalidField("content_id: is needed where there is neither content nor url.", param="content_id")
        return Content.model_construct(id=self.content_id, **common)


class AskSuggestions(SourceModel):
    """A prompt with what a run of it said. Figures as `GET /runs/{id}` tells them."""

    prompt_id: Slug | None = None
    prompt_template: Template | None = None
    metrics: Annotated[dict[str, Any], Field(max_length=200)] = Field(default_factory=dict)
    category_stats: Annotated[dict[str, Any], Field(max_length=500)] = Field(default_factory=dict)
    confusion_matrix: Annotated[dict[str, Any], Field(max_length=500)] = Field(default_factory=dict)
    failed_cases: Annotated[list[dict[str, Any]], Field(max_length=2_000)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_a_prompt(self) -> Self:
        if self.prompt_id is None and self.prompt_template is None:
            raise ValueError("prompt_template: give the template, or the prompt_id")
        return self

    @property
    def is_prompt_alone(self) -> bool:
        """Without its text, and without figures."""
        given = (self.prompt_template, self.metrics, self.category_stats, self.confusion_matrix, self.failed_cases)
        return self.prompt_id is not None and not any(given)
