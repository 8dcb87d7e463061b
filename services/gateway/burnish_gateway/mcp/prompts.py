"""Prompts of a workspace as MCP prompts: what `production` names, with its variables as arguments."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from mcp import types

from burnish_gateway.mcp.calls import Answer, Api, Call
from burnish_shared.files import as_texts, is_file, media_type_of

LABEL: Final = "production"

LIST_MOST: Final = 50
"""Prompts in one answer; each takes a look of its own for its variables."""

LOOKS_AT_ONCE: Final = 8

NOT_FOUND: Final = 404

NAME: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,62})(?:@([A-Za-z0-9][A-Za-z0-9_.-]{0,62}))?")
"""A slug; behind `@` a label, or the number of a version."""

IN_JSON: Final = frozenset({"number", "boolean", "object", "array", "messages"})
"""Types of variables that an argument, which is text, writes as JSON."""

DATA_URL: Final = re.compile(r"data:(image/[a-z0-9.+-]+);base64,(.+)", re.DOTALL)


class Refused(Exception):
    """The API refused; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.error.get("message", ""))
        self.answer = answer


class BadArgument(ValueError):
    """A name or argument that means nothing, for whoever gave it."""


async def listed(api: Api, *, caller: Any, cursor: str | None) -> types.ListPromptsResult:
    """A page of prompts that have the label `production`, but those that lost it meanwhile. Raises Refused."""
    page = await _served(api, Call("GET", "/v1/prompts", query={"label": LABEL, "limit": LIST_MOST, "cursor": cursor}), caller)
    room = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look(slug: str) -> Answer:
        async with room:
            return await api(_read(slug, LABEL), caller=caller)

    found = [one for one in await asyncio.gather(*(look(one["slug"]) for one in page["data"])) if one.status != NOT_FOUND]
    if (refused := next((one for one in found if one.refused), None)) is not None:
        raise Refused(refused)
    return types.ListPromptsResult(prompts=[_prompt(one.body) for one in found], next_cursor=page["next_cursor"])


async def got(api: Api, name: str, arguments: Mapping[str, str], *, caller: Any) -> types.GetPromptResult:
    """The messages of one prompt with the arguments put in. Raises BadArgument and Refused.

    MCP knows the roles user and assistant alone: what is a system message here is the user's there. `_meta` keeps the roles.
    """
    slug, wanted = _parted(name)
    prompt = await _served(api, _read(slug, wanted), caller)
    body = {"version": prompt["version"], "variables": _values(arguments, _kinds(prompt["variables"]))}
    rendered = await _served(api, Call("POST", f"/v1/prompts/{quote(slug)}/render", body=body), caller)
    messages = rendered["messages"]
    about = {"burnish/prompt": slug, "burnish/version": rendered["version"], "burnish/roles": [one["role"] for one in messages]}
    return types.GetPromptResult(
        description=prompt["description"] or prompt["name"],
        messages=[
            types.PromptMessage(role="assistant" if one["role"] == "assistant" else "user", content=block)
            for one in messages
            for block in _blocks(one)
        ],
        _meta=about,
    )


def _parted(name: str) -> tuple[str, str]:
    found = NAME.fullmatch(name)
    if found is None:
        raise BadArgument(f"{name[:100]!r} is no prompt: give a slug, slug@label or slug@version.")
    return found[1], found[2] or LABEL


def _read(slug: str, wanted: str) -> Call:
    which = "version" if wanted.isdigit() else "label"
    return Call("GET", f"/v1/prompts/{quote(slug)}", query={which: wanted})


async def _served(api: Api, call: Call, caller: Any) -> Any:
    answer = await api(call, caller=caller)
    if answer.refused:
        raise Refused(answer)
    return answer.body


def _prompt(read: Mapping[str, Any]) -> types.Prompt:
    known, kinds = read.get("parameters") or {}, _kinds(read["variables"])
    return types.Prompt(
        name=read["slug"],
        title=read["name"] or None,
        description=read["description"] or None,
        arguments=[
            types.PromptArgument(
                name=one["name"],
                description=_described(one, known.get(one["name"]) or {}, kinds[one["name"]]),
                required=one["required"],
            )
            for one in read["variables"]
        ],
    )


def _kinds(variables: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    """The type of each variable; what others are fields of (`order` of `order.id`) is an object where nothing else is said."""
    holders = {name[:at] for name in (one["name"] for one in variables) for at, letter in enumerate(name) if letter == "."}
    return {one["name"]: one.get("type") or ("object" if one["name"] in holders else None) for one in variables}


def _described(variable: Mapping[str, Any], known: Mapping[str, Any], kind: str | None) -> str | None:
    parts = [str(known["description"]).rstrip(".") + "."] if known.get("description") else []
    if kind in IN_JSON:
        parts.append(f"JSON: {kind}.")
    if not variable["required"] and variable.get("default") is not None:
        parts.append(f"Otherwise: {json.dumps(variable['default'], ensure_ascii=False)[:200]}.")
    return " ".join(parts) or None


def _values(arguments: Mapping[str, str], kinds: Mapping[str, str | None]) -> dict[str, Any]:
    """What to render with: the argument `order.id` is the field `id` of the value `order`, wherever that comes from."""
    values: dict[str, Any] = {}
    for name in sorted(arguments, key=lambda one: one.count(".")):  # whole values before what stands in them
        value = _value(name, arguments[name], kinds.get(name))
        *holders, field = name.split(".")
        at = values
        for holder in holders:
            at = at.setdefault(holder, {})
            if not isinstance(at, dict):
                raise BadArgument(f"{holder}: must be a JSON object, because {name} is a field of it.")
        at[field] = value
    return values


def _value(name: str, text: str, kind: str | None) -> Any:
    if kind not in IN_JSON:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # or brackets nested beyond what can be read
        raise BadArgument(f"{name}: must be written as JSON, because it is of the type {kind}.") from error


def _blocks(message: Mapping[str, Any]) -> Iterator[types.ContentBlock]:
    content: str | Sequence[Mapping[str, Any]] | None = message.get("content")
    if content is None or isinstance(content, str):
        yield types.TextContent(text=content or "")
        return
    for part in content:
        if is_file(part):
            yield from _of_file(part["file"])
            continue
        url = str((part.get("image_url") or {}).get("url", "")) if part.get("type") == "image_url" else ""
        if found := DATA_URL.fullmatch(url):
            yield types.ImageContent(mime_type=found[1], data=found[2])
        elif url:
            yield types.ResourceLink(name="image", uri=url)
        else:
            yield types.TextContent(text=str(part.get("text", "")))


def _of_file(file: Mapping[str, Any]) -> Iterator[types.ContentBlock]:
    """A text as such, a PDF as a resource that is sent along, an address as a link."""
    name, texts = str(file.get("filename") or "file"), as_texts(file)
    if texts is not None:
        yield from _blocks({"content": texts})
    elif address := file.get("file_url"):
        yield types.ResourceLink(name=name, uri=str(address))
    else:
        data = str(file.get("file_data", "")).partition(",")[2]
        held = types.BlobResourceContents(uri=f"file:///{quote(name)}", mime_type=media_type_of(file) or None, blob=data)
        yield types.EmbeddedResource(resource=held)
