"""Whose text of a version nobody else has approved: four eyes hold for text, not for numbers of versions. Pure but for what reads it.

A version is taken apart into pieces: each line of its messages with the role it is said in, each line of a text for one model, each
variable, and each other setting. A piece is written by whoever made the lowest version of the prompt that holds it: what is merged,
cherry-picked or taken up again keeps its writer. What a version leaves out is no piece.
"""

import asyncio
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish_gateway.registry import review_store
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.prompt import Prompt
from burnish_gateway.registry.three_way import MESSAGES, PARAMETERS, VARIANTS
from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Piece:
    """`part`: a field, `messages`, `parameters.NAME` or `variants.MODEL`; `role`: "" outside messages; `text`: a line, or JSON."""

    part: str
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class OwnPiece:
    """A piece that somebody wrote, and the version that brought it."""

    version: int
    piece: Piece


def pieces_of(content: VersionContent) -> dict[Piece, None]:
    """In the order in which they stand; empty lines are none."""
    return dict.fromkeys(_pieces(content))


def _pieces(content: VersionContent) -> Iterator[Piece]:
    for name, value in content.fields().items():
        if name == MESSAGES:
            yield from _lines(MESSAGES, value)
        elif name == VARIANTS:
            for one in value:
                yield from _lines(f"{VARIANTS}.{one['model']}", one["messages"])
        elif name == PARAMETERS:
            yield from (Piece(f"{PARAMETERS}.{key}", "", _json(one)) for key, one in value.items())
        else:
            yield Piece(name, "", _json(value))


def _lines(part: str, messages: Sequence[Mapping[str, Any]]) -> Iterator[Piece]:
    for message in messages:
        role = str(message.get("role", ""))
        text = message.get("content")
        lines = text.splitlines() if isinstance(text, str) else [_json(text)] if text else []
        yield from (Piece(part, role, line.strip()) for line in lines if line.strip())
        beside = {key: value for key, value in message.items() if key not in ("role", "content")}
        if beside:
            yield Piece(part, role, _json(beside))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


async def own_unapproved(tx: Tx, prompt: Prompt, content: VersionContent, *, version: int, names: set[str]) -> OwnPiece | None:
    """The first piece of `version` that somebody wrote in an earlier one and that nobody else has approved since; None: there is none.

    `names`: everybody who may stand behind them (`review_store.names_of`). Approved counts where the approval stands and is not theirs.
    """
    mine = sorted(await review_store.versions_by(tx, prompt, names, before=version))
    if not mine:
        return None
    left = pieces_of(content)
    async for some in review_store.contents(tx, prompt, sorted(await review_store.approved_by_others(tx, prompt, names))):
        held = await _held(some, left)
        left = {piece: None for piece in left if not any(piece in pieces for pieces in held.values())}
        if not left:
            return None
    first = await _first_of(tx, prompt, mine, left)
    others = sorted(set(range(1, max(first.values(), default=1))).difference(mine))
    async for some in review_store.contents(tx, prompt, others):
        for number, pieces in (await _held(some, first)).items():
            first = {piece: own for piece, own in first.items() if own < number or piece not in pieces}
        if not first:
            break
    return min((OwnPiece(own, piece) for piece, own in first.items()), key=lambda one: one.version, default=None)


async def _first_of(tx: Tx, prompt: Prompt, numbers: Sequence[int], among: Collection[Piece]) -> dict[Piece, int]:
    """The lowest of these versions (ascending) that holds each piece; without those that none holds. In the order of `among`."""
    first: dict[Piece, int] = {}
    left = set(among)
    async for some in review_store.contents(tx, prompt, numbers):
        for number, pieces in (await _held(some, left)).items():
            first |= dict.fromkeys(pieces, number)
            left -= pieces
        if not left:
            break
    return {piece: first[piece] for piece in among if piece in first}


async def _held(contents: Sequence[tuple[int, str]], among: Collection[Piece]) -> dict[int, set[Piece]]:
    """By their numbers, in their order: which of the pieces each holds. Read in a thread: a prompt may have a thousand long versions, and
    nobody else waits for them."""
    return await asyncio.to_thread(_read, contents, set(among)) if among else {}


def _read(contents: Sequence[tuple[int, str]], among: set[Piece]) -> dict[int, set[Piece]]:
    held = ((number, VersionContent.from_fields(json.loads(content))) for number, content in contents)
    return {number: among.intersection(pieces_of(content)) for number, content in held}
