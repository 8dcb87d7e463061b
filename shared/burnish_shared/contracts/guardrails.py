"""What guardrails look for, and what is masked before it is stored (PRODUCT E13, E18)."""

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from burnish_shared.contracts.evaluators import CODE_MOST, MODULE_MOST

PersonalKind = Literal["email", "phone", "card", "iban", "ip"]
StoredKind = Literal["email", "phone", "card", "iban", "ip", "secret"]
Side = Literal["in", "out"]
Action = Literal["mask", "block"]

PERSONAL_KINDS: Final[tuple[PersonalKind, ...]] = ("email", "phone", "card", "iban", "ip")

PATTERNS_MOST: Final = 20
PHRASES_MOST: Final = 500
LONGEST_MOST: Final = 1_000
TEXT_MOST: Final = 10_000_000

LanguageCode = Literal["ar", "de", "el", "en", "es", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "zh"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class OwnPattern(_Settings):
    """A regular expression of RE2 with a name: what it finds is masked as `[NAME_1]`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
    pattern: Annotated[str, Field(min_length=1, max_length=300)]
    longest: Annotated[int, Field(ge=1, le=LONGEST_MOST)] = Field(
        default=100, description="Bytes of the longest text it finds: while an answer is streamed, so much of it waits."
    )
    ignore_case: bool = False


OwnPatterns = Annotated[list[OwnPattern], Field(max_length=PATTERNS_MOST)]
Phrase = Annotated[str, Field(min_length=2, max_length=200)]


class PersonalData(_Settings):
    """E-mail addresses, phone and card numbers, IBANs, IP addresses, and what your own patterns find."""

    kind: Literal["personal_data"]
    kinds: Annotated[list[PersonalKind], Field(max_length=len(PERSONAL_KINDS))] = Field(default_factory=lambda: list(PERSONAL_KINDS))
    patterns: OwnPatterns = Field(default_factory=list)
    action: Action = Field(default="mask", description="`mask`: the model sees `[EMAIL_1]`, the caller the address again.")

    @model_validator(mode="after")
    def _finds_something(self) -> Self:
        if not self.kinds and not self.patterns:
            raise ValueError("name a kind or a pattern; without any nothing is found")
        return self


class Secrets(_Settings):
    """Keys and passwords: the shapes of common providers, `password: …`, and long strings that look drawn by lot."""

    kind: Literal["secrets"]
    action: Action = "mask"


class Deny(_Settings):
    """Words and phrases that must not be said, as whole words, whatever blanks are between them."""

    kind: Literal["deny"]
    phrases: Annotated[list[Phrase], Field(max_length=PHRASES_MOST)] = Field(default_factory=list)
    patterns: OwnPatterns = Field(default_factory=list)
    ignore_case: bool = True

    @model_validator(mode="after")
    def _denies_something(self) -> Self:
        if not self.phrases and not self.patterns:
            raise ValueError("name a phrase or a pattern; without any nothing is denied")
        return self


class Injection(_Settings):
    """Known ways to talk a model out of its instructions, in English, German, French and Spanish. On the way in only."""

    kind: Literal["injection"]
    phrases: Annotated[list[Phrase], Field(max_length=PHRASES_MOST)] = Field(default_factory=list, description="More of them.")


class Size(_Settings):
    """Text of at most so many characters or tokens (estimated: three bytes each)."""

    kind: Literal["size"]
    most_characters: Annotated[int, Field(ge=1, le=TEXT_MOST)] | None = None
    most_tokens: Annotated[int, Field(ge=1, le=TEXT_MOST)] | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.most_characters is None and self.most_tokens is None:
            raise ValueError("give most_characters or most_tokens")
        return self


class Language(_Settings):
    """Text in one of these languages. Told by its script and its commonest words; a text too short to tell passes."""

    kind: Literal["language"]
    languages: Annotated[list[LanguageCode], Field(min_length=1, max_length=17)]


class OwnCheck(_Settings):
    """Your own code, in the sandbox: it sees `output` (the text that is looked at), `input`, `variables` and `metadata`."""

    kind: Literal["code"]
    language: Literal["python", "wasm"] = "python"
    code: Annotated[str, Field(min_length=1, max_length=MODULE_MOST, description="True, or a score from 0.5, passes.")]
    on_failure: Literal["block", "pass"] = Field(default="block", description="Where the code itself fails or no worker is free.")

    @model_validator(mode="after")
    def _python_is_short(self) -> Self:
        if self.language == "python" and len(self.code.encode("utf-8", "replace")) > CODE_MOST:
            raise ValueError(f"the code is longer than {CODE_MOST} bytes")
        return self


GuardrailSettings: TypeAlias = Annotated[
    PersonalData | Secrets | Deny | Injection | Size | Language | OwnCheck, Field(discriminator="kind")
]


class Masking(_Settings):
    """What is blotted out of an execution before its row is written: kinds, and your own patterns."""

    kinds: Annotated[list[StoredKind], Field(max_length=6)] = Field(default_factory=list)
    patterns: OwnPatterns = Field(default_factory=list)
