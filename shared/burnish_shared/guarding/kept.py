"""What in a message's parts is no text, and stays as it is: kinds, ids, addresses, files, seals. Pure.

It is told by where it stands and by how it looks, both: words in such a place, or what looks like one elsewhere, are a text.
"""

import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.guarding.seals import is_seal, is_sealed_in_part
from burnish_shared.guarding.secret_shapes import SHAPE
from burnish_shared.guarding.spans import to_bytes

_WORDS: Final = r"[A-Za-z]+[0-9]{0,4}(?:[_.+\-][A-Za-z]+[0-9]{0,4})*"
"""Few figures beside one another: a phone number, a card, an IBAN has more."""

WORD: Final = re.compile(_WORDS + r"(?:[_\-]20[0-9]{6})?")
"""`image_url`, `reasoning.text`, `high`, `pcm16`, `web_search_20250305`."""

MEDIA: Final = re.compile(r"[a-z]+/" + _WORDS)
TTL: Final = re.compile(r"[0-9]{1,4}[smhd]")
URL: Final = re.compile(r"[a-z][a-z0-9+.\-]{1,20}://\S+")

ID: Final = re.compile(
    r"(?:[a-z]{1,24}[_\-]){1,3}(?=[0-9]{0,6}(?:[A-Za-z]|\Z))(?![A-Za-z]{2}[0-9]{2})[A-Za-z0-9]{1,120}"
    r"|(?:[a-z]{1,24}[_\-])?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
"""`toolu_01A09q90qw90lq9`, `chatcmpl-tool-8f3a`, UUIDs. Of figures alone only short ones, and none that begins as an IBAN does."""

TOOL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,127}")

WORD_MOST: Final = 128
"""Longer words, media types and ids are texts."""

IDS: Final = frozenset({"file_id", "tool_use_id", "tool_call_id", "call_id"})
ADDRESSES: Final = frozenset({"url", "uri", "image_url", "file_uri", "file_url"})
MEDIA_TYPES: Final = ("media_type", "mime_type", "mimeType")

HOLD_ADDRESSES: Final = frozenset(
    {
        "", "image_url", "video_url", "audio_url", "document_url", "source", "file", "image", "citations", "annotations", "url_citation",
    }
)  # fmt: skip
"""Fields in whose object an address belongs; empty: the part itself."""

CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use", "tool_call", "function_call", "custom_tool_call"})
"""Kinds of parts whose `name` is that of a tool."""

SPOKEN: Final = frozenset({"text", "refusal", "thinking", "title", "transcript"})
"""Fields that say something, whatever it looks like."""

HEAD_MOST: Final = 256
HEAD: Final = re.compile(r"data:(?:[a-z]+/" + _WORDS + r")?(?:;[a-z]+=" + _WORDS + r")*;base64", re.IGNORECASE)
"""RFC 2397, up to the comma, in letters of any size."""

SMALL: Final = re.compile("[a-z]")
_PLAIN: Final = str.maketrans("-_", "+/")


def is_base64(value: str) -> bool:
    """Whether a text is bytes: unbroken base64 (RFC 4648, of either alphabet, with its padding or without any) that decodes.

    Without a small letter it is none: a card's number and many an IBAN decode too. Takes time in proportion to its length.
    """
    body = value.rstrip()
    bare = body.rstrip("=")
    padding = -len(bare) % 4
    if padding == 3 or len(body) - len(bare) not in (0, padding) or SMALL.search(bare) is None:
        return False
    try:
        binascii.a2b_base64(bare.translate(_PLAIN) + "=" * padding, strict_mode=True)
    except ValueError:  # binascii.Error is one
        return False
    return True


def split_file(name: str, value: str) -> tuple[str, str] | None:
    """An address that is the bytes itself: what stands before its comma, and the rest. None: it is none, or it is said."""
    if name in SPOKEN or value[:5].lower() != "data:":
        return None
    comma = value.find(",", 0, HEAD_MOST)
    if comma < 0 or not value[:comma].lower().endswith(";base64") or not is_base64(value[comma + 1 :]):
        return None
    return value[:comma], value[comma:]


def is_head(head: str) -> bool:
    """Whether what stands before the comma says nothing beside the kind of bytes: a name of a file may stand there too."""
    return HEAD.fullmatch(head) is not None


def is_kept(name: str, value: str, block: Mapping[str, Any], *, of: str, sealed: bool) -> bool:
    """Whether a string of a part is no text.

    name: of its field; block: the object which that stands in; of: the field which holds the object, empty for the part itself;
    sealed: the part is of a model's turn, in which seals may stand.
    """
    if sealed and is_sealed_in_part(name, block):
        return is_seal(value)
    if name in ("data", "file_data"):
        return holds_bytes(name, block, of) and is_base64(value)
    if name in ADDRESSES:
        return of in HOLD_ADDRESSES and URL.fullmatch(value) is not None
    return len(value) <= WORD_MOST and _is_word(name, value, block, of) and SHAPE.search(to_bytes(value)) is None


def _is_word(name: str, value: str, block: Mapping[str, Any], of: str) -> bool:
    shape: re.Pattern[str] | None = None
    kind = _kind(block)
    if name == "type":
        shape = WORD
    elif name in MEDIA_TYPES:
        shape = MEDIA
    elif name in IDS or (name == "id" and kind):
        shape = ID
    elif name == "name" and not of and kind in CALLS:
        shape = TOOL
    elif (name == "format" and of == "input_audio") or (name == "detail" and (of == "image_url" or kind in ("input_image", "input_file"))):
        shape = WORD
    elif name == "ttl" and of == "cache_control":
        shape = TTL
    return shape is not None and shape.fullmatch(value) is not None


def _kind(block: Mapping[str, Any]) -> str:
    kind = block.get("type")
    return kind if isinstance(kind, str) else ""


def holds_bytes(name: str, block: Mapping[str, Any], of: str) -> bool:
    """Whether what stands beside a field says that it holds bytes, a text's among them. name, block, of: as in `is_kept`."""
    kind = _kind(block)
    if kind == "text":
        return False
    if kind == "base64" or of == "input_audio" or (name == "file_data" and (of == "file" or kind == "input_file")):
        return True
    media = next((block[one] for one in MEDIA_TYPES if isinstance(block.get(one), str)), "")
    return MEDIA.fullmatch(media) is not None and not media.startswith("text/")
