"""Documents of Anthropic's format as our files, and images as OpenAI's. Pure.

Source: https://platform.claude.com/docs/en/build-with-claude/pdf-support and /citations for documents that are texts or made of blocks.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from burnish_gateway.compat.typed import needed, typed
from burnish_gateway.execution.files import check_held, no_file_id
from burnish_shared.errors import InvalidField

Block = dict[str, Any]


def file_of(block: Block, *, param: str, part_of: Callable[..., Block]) -> Block:
    """The part that a document becomes. `part_of`: reads a block within it. Raises InvalidField and Unsupported."""
    wanted = typed(block, "citations", dict, param=param) or {}
    cites = typed(wanted, "enabled", bool, param=f"{param}.citations")
    file = _held(needed(block, "source", dict, param=param), param=f"{param}.source", part_of=part_of)
    said = {"filename": typed(block, "title", str, param=param), "context": typed(block, "context", str, param=param)}
    check_held(file, next(iter(file)), param=f"{param}.source")
    told = {name: value for name, value in said.items() if value} | ({"citations": {"enabled": True}} if cites else {})
    return {"type": "file", "file": file | told}


def _held(source: Block, *, param: str, part_of: Callable[..., Block]) -> dict[str, Any]:
    match source.get("type"):
        case "base64":
            kind = needed(source, "media_type", str, param=param)
            return {"file_data": f"data:{kind};base64,{needed(source, 'data', str, param=param)}"}
        case "text":
            text, kind = needed(source, "data", str, param=param), typed(source, "media_type", str, param=param) or "text/plain"
            return {"file_data": f"data:{kind};base64,{b64encode(text.encode('utf-8', 'replace')).decode()}"}
        case "url":
            return {"file_url": needed(source, "url", str, param=param)}
        case "content":
            return {"content": _content(source, param=f"{param}.content", part_of=part_of)}
        case "file":
            raise no_file_id(f"{param}.file_id")
    raise InvalidField(f"{param}.type: must be base64, text, url or content.", param=f"{param}.type")


def _content(source: Block, *, param: str, part_of: Callable[..., Block]) -> list[Block]:
    given = source.get("content")
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    if not isinstance(given, list):
        raise InvalidField(f"{param}: must be text or a list of blocks.", param=param)
    for at, block in enumerate(given):
        if not isinstance(block, dict) or block.get("type") not in ("text", "image"):
            raise InvalidField(f"{param}[{at}].type: must be text or image.", param=f"{param}[{at}].type")
    return [part_of(block, param=f"{param}[{at}]") for at, block in enumerate(given)]


def image_url_of(source: Any) -> str | None:
    """The address of an image, or the image as one; None: the source is none."""
    if not isinstance(source, dict):
        return None
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return str(source["url"])
    if source.get("type") == "base64" and isinstance(source.get("data"), str) and isinstance(source.get("media_type"), str):
        return f"data:{source['media_type']};base64,{source['data']}"
    return None
