"""Token counts by length, where no tokenizer of the model is at hand: for holds (which must not be too small) and missing usage.

`input_tokens_of` is what is held for, what a ticket reserves, and what is charged where a provider says nothing: one count for all.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from burnish_shared.file_tokens import tokens_in_pdf
from burnish_shared.files import PDF, bytes_of, is_file, media_type_of, pages_of, text_of_file
from burnish_shared.image_size import size_of
from burnish_shared.image_tokens import tokens_in_image
from burnish_shared.json_bytes import encoded
from burnish_shared.tool_tokens import tokens_of_tools

BYTES_PER_TOKEN = 3
"""English text has about 4 bytes a token with the tokenizers of OpenAI (their help page 'What are tokens'), Chinese about 3.

The smaller is safer: a hold must not be too small.
"""

TOKENS_PER_MESSAGE = 6
"""Role and separators: 3 to 4 tokens in OpenAI's cookbook, rounded up."""

SPOKEN_OF: Final = ("tools", "response_format")
"""Settings that the model reads as part of its input."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An image of a call. `size` None: not known. `least_tokens`: of an address, which may be read as a text."""

    size: tuple[int, int] | None
    detail: object
    least_tokens: int

    def tokens(self, model: str) -> int:
        return max(self.least_tokens, tokens_in_image(self.size, model=model, detail=self.detail))


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF of a call, or what an address leads to. `pages` None: not known."""

    pages: int | None

    def tokens(self, model: str) -> int:
        return tokens_in_pdf(self.pages, model=model)


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of a call, of which some models are told in more words than their own."""

    tools: Sequence[Any]

    def tokens(self, model: str) -> int:
        return tokens_of_tools(self.tools, model=model)


Seen = Shown | Document | Tools


@dataclass(frozen=True, slots=True)
class Input:
    """All that a call sends. What images, PDFs and tools (`seen`) cost depends on who reads them, and nothing else does: so it is counted
    once for many models."""

    text_tokens: int
    seen: tuple[Seen, ...] = ()

    def tokens(self, model: str = "") -> int:
        """An estimate from above. `model`: as the provider calls it, by which these are counted, empty where it is open."""
        return self.text_tokens + sum(one.tokens(model) for one in self.seen)


def input_of(
    messages: Sequence[dict[str, Any]],
    settings: Mapping[str, Any],
    *,
    extra: Mapping[str, Any] | None = None,
    kind: Literal["chat", "embedding"] = "chat",
) -> Input:
    """Messages, tools and schema of a chat, texts and tokens of an embedding; `extra`: the caller's further fields for the provider."""
    beside = _tokens_in_json(extra)
    if kind == "embedding":
        return Input(beside + sum(len(one["tokens"]) if "tokens" in one else tokens_in_text(one["content"]) for one in messages))
    seen: list[Seen] = []
    said = sum(tokens_in_text(str(settings[name])) for name in SPOKEN_OF if settings.get(name))
    if settings.get("tools"):
        seen.append(Tools(settings["tools"]))
    return Input(_tokens_in_messages(messages, seen) + said + beside, tuple(seen))


def input_tokens_of(
    messages: Sequence[dict[str, Any]],
    settings: Mapping[str, Any],
    *,
    extra: Mapping[str, Any] | None = None,
    kind: Literal["chat", "embedding"] = "chat",
    model: str = "",
) -> int:
    """`input_of`, as this model counts it."""
    return input_of(messages, settings, extra=extra, kind=kind).tokens(model)


def tokens_in_bytes(count: int) -> int:
    """Of text of which only the length is known."""
    return -(-count // BYTES_PER_TOKEN)


def tokens_in_text(text: str) -> int:
    """At least 1."""
    return max(1, -(-_bytes_in(text) // BYTES_PER_TOKEN))


def tokens_in_messages(messages: Sequence[dict[str, Any]]) -> int:
    """An estimate from above for the messages of a chat call, where it is open which model reads them."""
    return input_of(messages, {}).tokens()


def _tokens_in_messages(messages: Sequence[dict[str, Any]], seen: list[Seen]) -> int:
    """Whatever stands in a message is sent, under names that are ours or not. Images and PDFs go into `seen` and are not counted."""
    return sum(TOKENS_PER_MESSAGE + _tokens_in_message(message, seen) for message in messages) + 3


PLAIN: Final = frozenset({"role", "content"})
"""All that most messages have; the role is in TOKENS_PER_MESSAGE."""

PARTS: Final = frozenset({"role", "content", "images"})
"""`images`: what OpenRouter's models drew, given back to them as parts (https://openrouter.ai/docs/features/multimodal/image-generation)."""

PLAIN_PART: Final = frozenset({"type", "text"})

IMAGE: Final = "data:image/"
"""How an address begins that is the image itself (RFC 2397): it is read as an image or not at all, and never as a text."""


def _tokens_in_message(message: Mapping[str, Any], seen: list[Seen]) -> int:
    content = message.get("content")
    tokens = tokens_in_text(content) if isinstance(content, str) else _tokens_in_parts(content, seen)
    if message.keys() <= PLAIN:
        return tokens
    return tokens + _tokens_in_parts(message.get("images"), seen) + _others_in(message, but=PARTS)


def _tokens_in_parts(parts: Any, seen: list[Seen]) -> int:
    return sum(_tokens_in_part(part, seen) for part in parts) if isinstance(parts, list) else _tokens_in_json(parts)


def _tokens_in_part(part: Any, seen: list[Seen]) -> int:
    if not isinstance(part, dict):
        return _tokens_in_json(part)
    text, image = part.get("text"), part.get("image_url")
    if isinstance(text, str) and part.keys() <= PLAIN_PART:
        return tokens_in_text(text)
    if is_file(part):
        return _others_in(part, but=("type", "file")) + _tokens_in_file(part["file"], seen)
    if part.get("type") != "image_url" or not isinstance(image, dict):
        return _tokens_in_json(part)
    beside = _others_in(part, but=("type", "image_url")) + _others_in(image, but=("url",))
    url = image.get("url")
    if not isinstance(url, str):
        return beside + _tokens_in_json(url)
    seen.append(Shown(size_of(url), image.get("detail"), 0 if url.startswith(IMAGE) else _tokens_in_json(url)))
    return beside


def _tokens_in_file(file: Mapping[str, Any], seen: list[Seen]) -> int:
    beside = _others_in(file, but=("file_data", "file_url", "content"))
    if isinstance(file.get("content"), list):
        return beside + _tokens_in_parts(file["content"], seen)
    if (text := text_of_file(file)) is not None:
        return beside + tokens_in_text(text)
    if media_type_of(file) != PDF and not file.get("file_url"):
        return beside + _tokens_in_json(file.get("file_data"))
    seen.append(Document(_pages_in(file)))
    return beside


PAGES_KEPT: Final = 1024
_pages: Final[dict[tuple[int, int], int]] = {}
"""Fingerprint of a file → its pages, 0 where they are not known. A call with a file of megabytes is counted up to a dozen times, once for
each model that it may ask."""


def _pages_in(file: Mapping[str, Any]) -> int | None:
    data = file.get("file_data")
    if not isinstance(data, str):
        return None
    fingerprint = (hash(data), len(data))
    if (pages := _pages.get(fingerprint)) is None:
        raw = bytes_of(file)
        pages = (pages_of(raw) if raw is not None else None) or 0
        if len(_pages) >= PAGES_KEPT:
            _pages.clear()
        _pages[fingerprint] = pages
    return pages or None


def _others_in(fields: Mapping[str, Any], *, but: Collection[str]) -> int:
    return _tokens_in_json({name: value for name, value in fields.items() if name not in but and value is not None})


def _tokens_in_json(value: Any) -> int:
    """By its length as it is sent; nothing is 0."""
    return tokens_in_bytes(len(encoded(value))) if value else 0


def _bytes_in(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
