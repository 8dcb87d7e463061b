"""Tokens of what is put into a prompt, with pictures and PDFs counted as who reads them counts them. Pure."""

from typing import Any

from burnish_shared.omitted import BYTES, files_named
from burnish_shared.tokens import tokens_in_messages, tokens_in_text


def tokens_of_given(text: str) -> int:
    """Of a text, or of variables as JSON. Where a picture or a PDF stands in it as a data URL, its letters are not what a model is charged
    for: a photo of 500 kB has 1,500 tokens, and not 220,000. At least 1."""
    files = BYTES.findall(text)
    if not files:
        return tokens_in_text(text)
    return tokens_in_messages([{"role": "user", "content": [{"type": "text", "text": files_named(text)}, *map(_part, files)]}])


def _part(url: str) -> dict[str, Any]:
    if url.startswith("data:image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "file", "file": {"file_data": url}}
