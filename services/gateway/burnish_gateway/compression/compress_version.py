"""A shorter text of a version: what goes, what stays, and how many tokens that saves. Saves nothing by itself (PRODUCT P11)."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from burnish_gateway.compression.shorten_by_model import TEXTS_MOST, Marked, marked, shortened, why_not_asked
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.save_whole import holds
from burnish_shared.errors import InvalidField
from burnish_shared.prompt_compression import Compressed, compress_text
from burnish_shared.template import parse_messages
from burnish_shared.tokens import tokens_in_text

Method = Literal["rules", "model"]

EXAMPLE_ROLES: Final = ("assistant", "placeholder")
"""What the model is shown as its own words is an example, not an instruction: it stays."""

SHOWN_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Shorter:
    """One text. `where`: `messages[0]` or `variants[1].messages[0]`; `because`: why the model was not asked, or its answer not taken."""

    where: str
    before: str
    after: str
    rules: Compressed
    because: str | None = None


@dataclass(slots=True)
class Compression:
    """What came of a version. `content`: with the shorter texts; the version's own where nothing was saved."""

    content: VersionContent
    texts: list[Shorter] = field(default_factory=list)

    @property
    def tokens_before(self) -> int:
        return sum(tokens_in_text(one.before) for one in self.texts)

    @property
    def tokens_after(self) -> int:
        return sum(tokens_in_text(one.after) for one in self.texts)


Ask = Callable[[Sequence[Marked]], Awaitable[list[str | None]]]
"""Asks a model for each of these texts; the answers in their order, None for one that failed."""


async def compress_version(content: VersionContent, *, locked_blocks: Sequence[str], ask: Ask | None) -> Compression:
    """By rules, and with `ask` by a model on top of that. Variables, code blocks, markup, locked blocks and examples stay as they are."""
    texts = await asyncio.to_thread(_by_rules, content, locked_blocks)
    if ask is not None:
        texts = await _by_model(texts, locked_blocks=locked_blocks, ask=ask)
    result = Compression(_with(content, texts), texts)
    for index, block in enumerate(locked_blocks):
        if holds(content, block) and not holds(result.content, block):
            raise InvalidField(f"The locked block {index + 1} would not be kept.", param=f"locked_blocks[{index}]")
    return result


def _by_rules(content: VersionContent, keep: Sequence[str]) -> list[Shorter]:
    texts: list[Shorter] = []
    for where, message in _places(content):
        if message["role"] not in EXAMPLE_ROLES:
            found = compress_text(message["content"], keep=keep)
            texts.append(Shorter(where, message["content"], found.text, found))
    return texts


async def _by_model(texts: list[Shorter], *, locked_blocks: Sequence[str], ask: Ask) -> list[Shorter]:
    wanted = [(index, one) for index, text in enumerate(texts) if (one := marked(text.after, keep=locked_blocks)) is not None][:TEXTS_MOST]
    answers = await ask([one for _, one in wanted]) if wanted else []
    done = [replace(one, because=why_not_asked(one.after)) for one in texts]
    for (index, asked), answer in zip(wanted, answers, strict=True):
        text, because = (None, "The model gave no answer.") if answer is None else shortened(asked, answer)
        before = texts[index]
        if text is not None and not _is_same_template(before.after, text):
            text, because = None, "The model's answer asks for other variables."
        done[index] = Shorter(before.where, before.before, text or before.after, before.rules, because)
    return done


def _is_same_template(before: str, after: str) -> bool:
    try:
        old, new = (parse_messages([{"role": "user", "content": text}]) for text in (before, after))
    except InvalidField:
        return False
    return (old.variables, old.needed, old.includes) == (new.variables, new.needed, new.includes)


def _places(content: VersionContent) -> list[tuple[str, dict[str, Any]]]:
    """Every message with a text, and where it stands."""
    places = [(f"messages[{index}]", message) for index, message in enumerate(content.messages)]
    for number, variant in enumerate(content.spec.get("variants") or ()):
        places += [(f"variants[{number}].messages[{index}]", message) for index, message in enumerate(variant["messages"])]
    return places


def _with(content: VersionContent, texts: Sequence[Shorter]) -> VersionContent:
    """The content with the shorter texts, each in its place."""
    new = {one.where: one.after for one in texts if one.after != one.before}
    if not new:
        return content

    def put(messages: Sequence[Mapping[str, Any]], prefix: str) -> list[dict[str, Any]]:
        return [
            {**message, **({"content": new[f"{prefix}messages[{index}]"]} if f"{prefix}messages[{index}]" in new else {})}
            for index, message in enumerate(messages)
        ]

    fields = content.fields() | {"messages": put(content.messages, "")}
    if variants := content.spec.get("variants"):
        fields["variants"] = [{**one, "messages": put(one["messages"], f"variants[{number}].")} for number, one in enumerate(variants)]
    return VersionContent.from_fields(fields)


def outputs_of(bodies: Sequence[bytes | None]) -> tuple[list[str | None], int, list[str]]:
    """The answers of executions, what they cost in nano-dollars, and their ids."""
    outputs: list[str | None] = []
    cost_nusd, ids = 0, list[str]()
    for body in bodies:
        outcome = json.loads(body) if body is not None else None
        outputs.append(outcome["output"] if outcome and outcome["status"] == "success" else None)
        if outcome:
            cost_nusd += outcome["cost_nusd"]
            ids.append(outcome["id"])
    return outputs, cost_nusd, ids
