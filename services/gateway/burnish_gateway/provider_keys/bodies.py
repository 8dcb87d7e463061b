"""Bodies of `/v1/provider-keys`. A key's text is held as a secret: it shows in no error, no log and no `repr`."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.provider_keys import KeyLimits

VISIBLE = re.compile(r"[!-~]+")


def _goes_into_a_header(secret: SecretStr) -> SecretStr:
    if not VISIBLE.fullmatch(secret.get_secret_value()):
        raise ValueError("must be visible ASCII characters without spaces; copy the key again")
    return secret


KeyText = Annotated[
    SecretStr,
    Field(
        min_length=8, max_length=2000, json_schema_extra={"pattern": "^[!-~]+$"}, description="The provider's key. It is never shown again."
    ),
    AfterValidator(_goes_into_a_header),
]

Priority = Annotated[int, Field(ge=0, le=1_000_000, description="Lower is tried first; among equals a session stays with one key.")]

RequestsPerMinute = Annotated[
    int, Field(ge=1, le=1_000_000_000, description="What the provider allows; null: what it says of itself in its headers.")
]
TokensPerMinute = Annotated[int, Field(ge=1, le=1_000_000_000_000, description="Input and output together; null as above.")]


class NewProviderKey(ApiModel):
    """A key of the workspace's own for one provider."""

    provider: Annotated[Text, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_-]*$", examples=["openai"])]
    name: Name
    key: KeyText
    base_url: Annotated[
        Text,
        Field(max_length=500, description="The one address that the key goes to, as a model of yours names it; empty: the provider's own."),
    ] = ""
    priority: Priority = 100
    requests_per_minute: RequestsPerMinute | None = None
    tokens_per_minute: TokensPerMinute | None = None


class ProviderKeyChange(ApiModel):
    """What is left out stays. `key` replaces the text and keeps the id; `status: active` restores a key that was set aside.

    A limit that is null is taken away.
    """

    name: Name | None = None
    priority: Priority | None = None
    requests_per_minute: RequestsPerMinute | None = None
    tokens_per_minute: TokensPerMinute | None = None
    key: KeyText | None = None
    status: Literal["active"] | None = None

    def limits(self, before: KeyLimits) -> KeyLimits:
        """The limits after this change."""
        given = self.model_fields_set
        return KeyLimits(
            self.requests_per_minute if "requests_per_minute" in given else before.requests_per_minute,
            self.tokens_per_minute if "tokens_per_minute" in given else before.tokens_per_minute,
        )
