"""Where code of evaluators, guardrails and validators runs: here, or at Daytona."""

import re
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from burnish_shared.sandbox.daytona_place import DaytonaPlace

DAYTONA_URL: Final = "https://app.daytona.io/api"
"""Daytona's own API, as its client library 0.226 has it."""

DAYTONA_ADDRESS: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")

NO_KEY: Final = (
    "BURNISH_SANDBOX is `daytona`, and BURNISH_DAYTONA_API_KEY is not set: give a key of Daytona, or set BURNISH_SANDBOX to `local`"
)
KEY_UNFIT: Final = "must be one line of printable letters without blanks"


class SandboxSettings(BaseSettings):
    """Settings of the services that run such code: gateway, executor and optimizer. The others are never given the key."""

    model_config = SettingsConfigDict(env_prefix="BURNISH_", extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    sandbox: Literal["local", "daytona"] = Field(
        default="local",
        description="Where Python of evaluators, guardrails and validators runs: `local`, in worker processes here; or `daytona`, as whole"
        " CPython at Daytona. Then the code, and the answers, inputs and variables that it looks at, leave this installation.",
    )
    daytona_api_key: SecretStr | None = Field(
        default=None, description="Key of Daytona's API; needed where BURNISH_SANDBOX is `daytona`. It may make and delete sandboxes."
    )
    daytona_api_url: str = Field(
        default=DAYTONA_URL,
        description="Daytona's API; another where you run Daytona yourself. The key is sent there, and to the address of sandboxes that it"
        " names.",
    )
    daytona_target: str = Field(default="", max_length=100, description="Region in which sandboxes are made; empty: that of the key.")
    daytona_snapshot: str = Field(
        default="", max_length=200, description="Snapshot with Python 3 and the packages that code may import; empty: Daytona's usual one."
    )

    @field_validator("daytona_api_url")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        if not DAYTONA_ADDRESS.fullmatch(value):
            raise ValueError(f"must be an address that begins with https:// or http://, without ? and #, such as {DAYTONA_URL}")
        return value

    @field_validator("daytona_api_key")
    @classmethod
    def _goes_into_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        """Empty is none: Compose hands down what nobody set."""
        key = "" if value is None else value.get_secret_value().strip()
        if not all(33 <= ord(one) <= 126 for one in key):
            raise ValueError(KEY_UNFIT)
        return SecretStr(key) if key else None

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if self.sandbox == "daytona" and self.daytona_api_key is None:
            raise ValueError(NO_KEY)
        return self

    def daytona(self) -> DaytonaPlace | None:
        """None: code runs here."""
        if self.sandbox != "daytona" or self.daytona_api_key is None:
            return None
        return DaytonaPlace(
            url=self.daytona_api_url.rstrip("/"), key=self.daytona_api_key, target=self.daytona_target, snapshot=self.daytona_snapshot
        )
