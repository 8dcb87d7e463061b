"""A template of MiniJinja, as TensorZero has it, in our template language. What only a program could say is refused.

Taken are variables, `if`, `elif`, `else`, `for`, `raw` and comments (https://docs.rs/minijinja/latest/minijinja/syntax/index.html).
"""

import re
from collections.abc import Iterator
from typing import Final

from burnish_gateway.bundle.foreign.draft import CannotTake

MARK: Final = re.compile(r"\{\{|\{%|\{#")
PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
END_RAW: Final = re.compile(r"\{%-?\s*+endraw\s*+-?%\}")
CLOSES: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
OF_LOOP: Final = {"loop.index": "@number", "loop.index0": "@index", "loop.first": "@first", "loop.last": "@last"}
BLANK: Final = " \t\r\n"

BLOCKS_MOST: Final = 40
"""Within each other."""


def in_ours(text: str) -> str:
    """The same template in our language. Raises CannotTake naming what has no counterpart."""
    made: list[str] = []
    blocks: list[_Block] = []
    strips = False
    for kind, inner, strips_before, strips_after in _parts(text.removesuffix("\n").removesuffix("\r")):
        if strips_before and made and not made[-1].startswith("{{"):
            made[-1] = made[-1].rstrip(BLANK)
        if kind in ("", "raw"):
            said = inner.lstrip(BLANK) if strips else inner
            made.append(said.replace("{{", "{{{{"))
        elif kind != "{#":
            if made and made[-1].endswith("{"):
                raise CannotTake(f"a '{{' stands right before '{kind} {inner[:60]}'")
            made.append(f"{{{{{_variable(inner, blocks)}}}}}" if kind == "{{" else _tag(inner, blocks))
        strips = strips_after
    if blocks:
        raise CannotTake(f"its '{blocks[-1].word}' is never ended")
    return "".join(made)


class _Block:
    """`word`: if or for; `depth`: conditions of ours that end with it."""

    def __init__(self, word: str) -> None:
        self.word, self.depth = word, 1


def _parts(text: str) -> Iterator[tuple[str, str, bool, bool]]:
    """Kind of mark (empty: text), what stands in it, and whether blanks before and behind it go."""
    at = 0
    while (found := MARK.search(text, at)) is not None:
        if found.start() > at:
            yield "", text[at : found.start()], False, False
        kind = found[0]
        end = text.find(CLOSES[kind], found.end())
        if end < 0:
            raise CannotTake(f"a '{kind}' is never closed")
        inner = text[found.end() : end]
        before, behind = inner.startswith("-"), inner.endswith("-")
        inner = inner.removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+").strip()
        at = end + 2
        if kind == "{%" and inner == "raw":
            closed = END_RAW.search(text, at)
            if closed is None:
                raise CannotTake("its 'raw' is never ended")
            yield "{#", "", before, False
            yield "raw", text[at : closed.start()], False, False
            at = closed.end()
            continue
        yield kind, inner, before, behind
    if at < len(text):
        yield "", text[at:], False, False


def _variable(inner: str, blocks: list[_Block]) -> str:
    path, _, used = inner.rpartition("|")
    path = path.rstrip() if used.strip() == "safe" else inner
    if path in OF_LOOP:
        if not any(one.word == "for" for one in blocks):
            raise CannotTake(f"it uses '{path}' outside of a loop")
        return OF_LOOP[path]
    if not PATH.fullmatch(path) or path.startswith("loop.") or path in ("loop", "else", "this"):
        raise CannotTake(f"it holds '{{{{ {inner[:60]} }}}}': filters, calls and computing have no counterpart")
    return path


def _tag(inner: str, blocks: list[_Block]) -> str:
    word, _, rest = inner.partition(" ")
    rest = rest.strip()
    if word == "if":
        blocks.append(_Block("if"))
        if len(blocks) > BLOCKS_MOST:
            raise CannotTake(f"more than {BLOCKS_MOST} blocks stand within each other")
        return f"{{{{#if {_condition(rest, blocks)}}}}}"
    if word == "elif" and blocks and blocks[-1].word == "if":
        blocks[-1].depth += 1
        return f"{{{{else}}}}{{{{#if {_condition(rest, blocks)}}}}}"
    if inner == "else" and blocks:
        return "{{else}}"
    if word == "for":
        item, within, items = (one.strip() for one in rest.partition(" in "))
        if not within or not NAME.fullmatch(item) or not PATH.fullmatch(items):
            raise CannotTake(f"it holds '{{% {inner[:60]} %}}': a loop goes over one list here, by one name")
        blocks.append(_Block("for"))
        return f"{{{{#each {items} as {item}}}}}"
    if inner == "endif" and blocks and blocks[-1].word == "if":
        return "{{/if}}" * blocks.pop().depth
    if inner == "endfor" and blocks and blocks[-1].word == "for":
        blocks.pop()
        return "{{/each}}"
    raise CannotTake(f"it holds '{{% {inner[:60]} %}}', which has no counterpart")


def _condition(said: str, blocks: list[_Block]) -> str:
    """One variable: nothing is compared in our conditions."""
    if not PATH.fullmatch(said) or said.startswith("loop"):
        raise CannotTake(f"its condition '{said[:60]}' is more than one variable: put what decides into a variable")
    return _variable(said, blocks)
