"""Files of a call in the words of who reads them. Pure.

Anthropic has documents; chat completions have a file that is a PDF, and read everything else as a text.
"""

from collections.abc import Iterator
from typing import Any, Final

from burnish_shared.files import PDF, as_texts, is_file, media_type_of, text_of_file

UNNAMED: Final = "document.pdf"
"""OpenAI wants a name beside the bytes (https://developers.openai.com/api/docs/guides/file-inputs)."""


def has_files(messages: list[dict[str, Any]]) -> bool:
    return any(is_file(part) for message in messages if isinstance(message.get("content"), list) for part in message["content"])


def in_openais_words(message: dict[str, Any]) -> dict[str, Any]:
    """A message whose files are as chat completions of OpenAI's take them."""
    content = message.get("content")
    if not isinstance(content, list) or not any(map(is_file, content)):
        return message
    return message | {"content": [made for part in content for made in _openais(part)]}


def _openais(part: Any) -> Iterator[Any]:
    if not is_file(part):
        yield part
        return
    file = part["file"]
    texts = as_texts(file)
    if texts is not None:
        yield from texts
        return
    if file.get("context"):
        yield {"type": "text", "text": file["context"]}
    named = {"filename": file.get("filename") or UNNAMED}
    yield {**part, "file": named | {"file_data": file.get("file_data") or file.get("file_url")}}


def document_of(file: dict[str, Any], *, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """A document as Anthropic's Messages take it. `blocks`: what stands in its `content`, in that format.

    Source: https://platform.claude.com/docs/en/build-with-claude/pdf-support.
    """
    said = {
        name: file[ours] for name, ours in (("title", "filename"), ("context", "context"), ("citations", "citations")) if file.get(ours)
    }
    return {"type": "document", "source": _source(file, blocks)} | said


def _source(file: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    if isinstance(file.get("content"), list):
        return {"type": "content", "content": blocks}
    if file.get("file_url"):
        return {"type": "url", "url": file["file_url"]}
    if (text := text_of_file(file)) is not None:
        return {"type": "text", "media_type": "text/plain", "data": text}
    return {"type": "base64", "media_type": media_type_of(file) or PDF, "data": str(file.get("file_data", "")).partition(",")[2]}
