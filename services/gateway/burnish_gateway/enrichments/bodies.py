"""What callers send about contents."""

from typing import Annotated, Any, Final, Self

from pydantic import Discriminator, Field, Tag, model_validator

from burnish_gateway.enrichments.contents import CONTENT_MOST_CHARS
from burnish_gateway.enrichments.shipped import SourceType
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.egress.target import MAX_URL_LENGTH
from burnish_shared.files import PDF, bytes_of, media_type_of

AT_ONCE_MOST: Final = 500
"""Contents of one call."""

FILE_MOST_CHARS: Final = 8 * 1024 * 1024
"""As long as a body may be."""

FILE_NAME_MOST_CHARS: Final = 1_000

Id = Annotated[Text, Field(min_length=1, max_length=200)]
ContentText = Annotated[Text, Field(min_length=1, max_length=CONTENT_MOST_CHARS)]


class ChatLine(ApiModel):
    role: Annotated[Text, Field(min_length=1, max_length=40)] = "user"
    content: Annotated[Text, Field(max_length=100_000)]


class ChatContent(ApiModel):
    messages: Annotated[list[ChatLine], Field(min_length=1, max_length=2_000)]


class FileContent(ApiModel):
    """A PDF, whose words are read at once: they are kept, and the file is not."""

    file_data: Annotated[Text, Field(min_length=1, max_length=FILE_MOST_CHARS)] = Field(
        description="`data:application/pdf;base64,…`, as in a message's file."
    )
    filename: Annotated[Text, Field(max_length=FILE_NAME_MOST_CHARS)] | None = Field(
        default=None, description="May stand here, as in a message's file. It is not kept; what the model is to read goes into `metadata`."
    )

    def raw(self) -> bytes | None:
        """None for what is no PDF in base64."""
        file = {"file_data": self.file_data}
        return bytes_of(file) if media_type_of(file) == PDF else None


def _kind_of(value: Any) -> str | None:
    """Of which kind of content a value is meant, so that it is told what is wrong with that alone. None: of none."""
    if isinstance(value, str):
        return "str"
    if isinstance(value, ChatContent | FileContent):
        return type(value).__name__
    if isinstance(value, dict) and "file_data" in value:
        return FileContent.__name__
    return ChatContent.__name__ if isinstance(value, dict) and "messages" in value else None


NO_KIND: Final = "must be text, or an object with messages or file_data"

AnyContent = Annotated[
    Annotated[ContentText, Tag("str")] | Annotated[ChatContent, Tag("ChatContent")] | Annotated[FileContent, Tag("FileContent")],
    Discriminator(_kind_of, custom_error_type="content_kind", custom_error_message=NO_KIND),
]


class Content(ApiModel):
    """One content: its text, messages or file, the id of a stored one, or where it lies."""

    content: AnyContent | None = None
    id: Id | None = Field(
        default=None,
        description="Of an enrichment, or your `external_id` of one, which is read anew; of a conversation, also a session of executions.",
    )
    url: Annotated[Text, Field(min_length=1, max_length=MAX_URL_LENGTH)] | None = Field(
        default=None, description="Of a text, an HTML page, a PDF, JSON, or subtitles (WebVTT, SubRip). Redirects are not followed."
    )
    external_id: Id | None = Field(default=None, description="Your own id of the content, to find it by.")
    user_id: Id | None = Field(default=None, description="The end user whom it is about, for erasures.")
    metadata: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict, description="The model reads it too.")

    @model_validator(mode="after")
    def _names_one_thing(self) -> Self:
        if sum(one is not None for one in (self.content, self.id, self.url)) != 1:
            raise ValueError("content: give one of content, id and url")
        return self

    def kept(self) -> dict[str, Any] | None:
        """As it is stored; None where it is still to be read. A file is read before (`start.check`)."""
        if isinstance(self.content, ChatContent):
            return self.content.model_dump()
        return {"text": self.content} if isinstance(self.content, str) else None


class NewEnrichment(Content):
    source_type: SourceType


class ManyEnrichments(ApiModel):
    source_type: SourceType
    items: Annotated[list[Content], Field(min_length=1, max_length=AT_ONCE_MOST)]


class ChoosePrompt(ApiModel):
    """The prompt is given the variables `content`, `source_type`, `metadata`, `part` and `parts`, and answers with a JSON object."""

    prompt: Annotated[Text, Field(min_length=1, max_length=63)]
    label: Annotated[Text, Field(min_length=1, max_length=63)] = "production"
