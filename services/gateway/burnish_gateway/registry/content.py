"""What a version says: pure data, its fingerprint, and how a new version takes over what it does not mention (PRODUCT P1)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_gateway.registry.field_checks import check_fields
from burnish_gateway.registry.variants import ModelText
from burnish_gateway.registry.version_checks import check_validators
from burnish_shared.errors import InvalidField
from burnish_shared.prompt_settings import SETTING_FIELDS, settings_of
from burnish_shared.template import PromptTemplate, parse_messages
from burnish_shared.template.snippets import Snippet
from burnish_shared.template.syntax import Include

SPEC_FIELDS: Final = (
    "output_format",
    "json_schema",
    "parameters",
    "timeout_s",
    "fallback_models",
    "fallback_cheaper",
    "fallback_version",
    "retry_policy",
    "test_cases",
    "success_criteria",
    "quality_threshold",
    "features",
    "requirements",
    "cache",
    "cacheable_messages",
    "input_validators",
    "output_validators",
    "repair_output",
    "variants",
    "examples",
    "extra",
    "config",
)
"""What Burnish itself reads; `extra`, passed on to the provider; and `config`, which it keeps for those who ask for the version."""

Snippets = Mapping[str, Snippet]
"""Snippets by the names that include them."""

CONTENT_FIELDS: Final = ("messages", "model", "provider", *SETTING_FIELDS, *SPEC_FIELDS)

MAX_CONTENT_BYTES: Final = 524_288
"""A version as JSON. It must fit into one message to an executor (768 KiB) together with its variables."""


@dataclass(frozen=True, slots=True)
class VersionContent:
    """Everything of a version that decides what a model is asked. Treat the contained lists and dicts as frozen."""

    messages: list[dict[str, Any]]
    model: str
    provider: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "VersionContent":
        """From the flat form of the API; a null is a field that was not given. Raises InvalidField where messages or model are lacking."""
        if not fields.get("messages"):
            raise InvalidField("A version needs 'messages' or a 'template'.", param="messages")
        if not fields.get("model"):
            raise InvalidField("A version needs a 'model', such as 'simulated/chat'.", param="model")
        return cls(
            messages=fields["messages"],
            model=fields["model"],
            provider=fields.get("provider"),
            settings=settings_of(fields),
            spec={name: fields[name] for name in SPEC_FIELDS if fields.get(name) is not None},
        )

    def fields(self) -> dict[str, Any]:
        """The flat form of the API, in the order of CONTENT_FIELDS, without what was not given."""
        first = {"messages": self.messages, "model": self.model} | ({"provider": self.provider} if self.provider else {})
        return first | self.settings | self.spec

    def fingerprint(self) -> bytes:
        """SHA-256 of the content. Equal for two saves that mean the same, byte for byte; the order of keys inside a schema counts."""
        return hashlib.sha256(_as_json(self.fields())).digest()

    def size_bytes(self) -> int:
        """As JSON in UTF-8."""
        return len(_as_json(self.fields()))

    def template(self, snippets: Snippets | None = None, *, slug: str | None = None) -> PromptTemplate:
        """The messages, parsed. Raises InvalidField where they are not in the template language.

        `snippets`: what they include, None leaves it open; `slug`: of the prompt itself, which no snippet may include.
        """
        return parse_messages(self.messages, parameters=self.spec.get("parameters"), snippets=snippets, slug=slug)

    def variants(self, snippets: Snippets | None = None, *, slug: str | None = None) -> tuple[ModelText, ...]:
        """The texts for certain models, parsed as `template`. Raises InvalidField, naming the variant."""
        texts: list[ModelText] = []
        for index, variant in enumerate(self.spec.get("variants") or ()):
            try:
                template = parse_messages(variant["messages"], parameters=self.spec.get("parameters"), snippets=snippets, slug=slug)
            except InvalidField as error:
                raise InvalidField(error.message, param=f"variants[{index}].{error.param or 'messages'}") from error
            texts.append(ModelText(variant["model"], template))
        return tuple(texts)

    def includes(self) -> tuple[Include, ...]:
        """The snippets that its texts name themselves, each once."""
        of_variants = [one for variant in self.variants() for one in variant.template.includes]
        return tuple(dict.fromkeys((*self.template().includes, *of_variants)))


def checked(content: VersionContent, *, version: int, base: VersionContent | None = None) -> PromptTemplate:
    """Refuses (InvalidField) what could be stored but never rendered or sent: bad templates, a schema that is none, too much of it.

    `version`: the number that the content is to have. `base`: what it follows, see `check_fields`.
    """
    size_bytes = content.size_bytes()
    if size_bytes > MAX_CONTENT_BYTES:
        raise InvalidField(f"A version has at most {MAX_CONTENT_BYTES:,} bytes; this one has {size_bytes:,}.", param="messages")
    _check_cacheable(content)
    check_fields(content.model, content.settings, content.spec, base=base.settings if base else None)
    check_validators(content.spec)
    spare = content.spec.get("fallback_version")
    if spare is not None and spare >= version:
        raise InvalidField(
            f"'fallback_version' names an earlier version of the prompt; this one is version {version}.", param="fallback_version"
        )
    content.variants()
    return content.template()


def _check_cacheable(content: VersionContent) -> None:
    """What a provider keeps of its own is the same in every call; what a caller gives for a placeholder is not."""
    count = content.spec.get("cacheable_messages", 0)
    for messages in (content.messages, *(one["messages"] for one in content.spec.get("variants") or ())):
        first = messages[:count]
        if len(first) < count or any(one.get("role") == "placeholder" for one in first):
            raise InvalidField(
                "'cacheable_messages' counts messages from the first on; there are fewer, or a placeholder is among them.",
                param="cacheable_messages",
            )


def taken_over(base: VersionContent, given: Mapping[str, Any]) -> VersionContent:
    """The base with what is given put over it: a field not given stays as it was, a null takes it away."""
    return VersionContent.from_fields(base.fields() | dict(given))


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
