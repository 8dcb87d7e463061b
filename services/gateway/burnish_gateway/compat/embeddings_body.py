"""The body of `POST /v1/embeddings`, checked. What is not named here is the provider's (PROMISES G-19)."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from burnish_gateway.compat.refusals import refusal_of
from burnish_gateway.execution.unsupported import Unsupported
from burnish_gateway.strict_json import parse_json
from burnish_shared.errors import InvalidBody, InvalidField

INPUTS_MOST = 2048
"""OpenAI's API reference."""

Id = Annotated[str, Field(min_length=1, max_length=200)]
Token = Annotated[int, Field(ge=0, le=2**31 - 1)]
Tokens = Annotated[list[Token], Field(min_length=1, max_length=100_000)]
Texts = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=INPUTS_MOST)]
TokenLists = Annotated[list[Tokens], Field(min_length=1, max_length=INPUTS_MOST)]


OF_CHATS: Final = ("variables", "prompt", "fallback_models", "client_request_id")
"""Fields of ours that an embedding has no use for. Passed over, they would be believed in."""


class EmbeddingsBody(BaseModel):
    """A null counts as not given."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False, title="CreateEmbeddingRequest")

    model: Annotated[str, Field(min_length=1, max_length=300)]
    input: Annotated[str, Field(min_length=1)] | Texts | Tokens | TokenLists
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, le=100_000)] | None = None
    user: Id | None = None
    metadata: Annotated[dict[str, Any], Field(max_length=100)] | None = None
    session_id: Id | None = None
    app: Id | None = None
    deadline_s: Annotated[float, Field(gt=0, le=600, description="Within how many seconds the call has to end.")] | None = None

    def inputs(self) -> list[dict[str, Any]]:
        """Each as a message, so that what is true of messages (size, record, masking) is true of inputs."""
        given = self.input
        if isinstance(given, str):
            return [{"role": "user", "content": given}]
        if isinstance(given[0], int):
            return [{"role": "user", "content": "", "tokens": given}]
        return [
            {"role": "user", "content": one} if isinstance(one, str) else {"role": "user", "content": "", "tokens": one} for one in given
        ]


def parse_embeddings_body(raw: bytes) -> EmbeddingsBody:
    """Raises InvalidBody when it is no JSON object, InvalidField naming the first wrong parameter, Unsupported for what is not offered."""
    value = parse_json(raw, duplicate_keys=True)
    if not isinstance(value, dict):
        raise InvalidBody("The body must be a JSON object.")
    for name in OF_CHATS:
        if value.get(name) is not None:
            raise Unsupported(f"{name}: is not offered for embeddings; leave it out.", param=name)
    try:
        return EmbeddingsBody.model_validate(value)
    except ValidationError as error:
        if isinstance(value.get("input"), list) and not value["input"]:
            raise InvalidField("input: at least one is needed.", param="input") from error
        raise refusal_of(error) from error
