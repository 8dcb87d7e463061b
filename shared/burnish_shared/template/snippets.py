"""Prompts that are included in others: put in where they are named, each with the variables that it asks for (PRODUCT P2)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.template.survey import includes_of
from burnish_shared.template.syntax import Each, If, Include, Part, parse

MAX_SNIPPET_DEPTH: Final = 4
"""Snippets within one another."""

MAX_SNIPPETS: Final = 50
"""Different snippets of one prompt, those of its snippets included."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """The one text of a version that is included in others, and what it says of its variables. Treat the mapping as frozen."""

    slug: str
    version: int
    parts: tuple[Part, ...]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def snippet_of(slug: str, version: int, content: Mapping[str, Any]) -> Snippet:
    """A version as a snippet. Raises InvalidField unless it is one message with a text."""
    messages = content["messages"]
    if len(messages) != 1 or messages[0].get("role") == "placeholder":
        raise InvalidField(f"'{slug}' cannot be included: a snippet is a prompt with one message, which has a text.", param="messages")
    parts = parse(messages[0]["content"], param="messages[0].content")
    return Snippet(slug, version, parts, content.get("parameters") or {})


async def gather(first: Sequence[Include], load: Callable[[Sequence[Include]], Awaitable[Mapping[str, Snippet]]]) -> dict[str, Snippet]:
    """Every snippet that is needed, by the name that includes it; `load` is asked once for each depth and leaves out what is not there.

    Raises InvalidField for too many, and for one that is not there.
    """
    known: dict[str, Snippet] = {}
    wanted = list(dict.fromkeys(first))
    for _ in range(MAX_SNIPPET_DEPTH + 1):
        if not wanted:
            break
        if len(known) + len(wanted) > MAX_SNIPPETS:
            raise InvalidField(f"A prompt has at most {MAX_SNIPPETS} snippets, those of its snippets included.", param="messages")
        found = await load(wanted)
        for include in wanted:
            if include.name not in found:
                raise no_such_snippet(include)
            known[include.name] = found[include.name]
        deeper = [one for include in wanted for one in includes_of(known[include.name].parts)]
        wanted = [one for one in dict.fromkeys(deeper) if one.name not in known]
    return known


def no_such_snippet(include: Include) -> InvalidField:
    which = f"version {include.version}" if include.version else f"label '{include.label or 'production'}'"
    return InvalidField(f"There is no prompt '{include.slug}' with the {which} in this workspace to include.", param="messages")


def with_snippets(
    texts: Mapping[int, tuple[Part, ...]], snippets: Mapping[str, Snippet], *, slug: str | None
) -> tuple[dict[int, tuple[Part, ...]], dict[str, dict[str, Any]]]:
    """The texts of messages with all snippets in their places, and what the snippets say of variables; the outermost is right.

    Raises InvalidField, naming the message, for a snippet that is not known, includes itself, or lies too deep.
    """
    parameters: dict[str, dict[str, Any]] = {}
    whole: dict[int, tuple[Part, ...]] = {}
    for index, parts in texts.items():
        composing = _Composing(snippets, parameters, param=f"messages[{index}].content")
        whole[index] = composing.compose(parts, chain=() if slug is None else (slug,), depth=0)
    return whole, parameters


@dataclass(frozen=True, slots=True)
class _Composing:
    snippets: Mapping[str, Snippet]
    parameters: dict[str, dict[str, Any]]
    param: str
    known: dict[tuple[str, int], tuple[Part, ...]] = field(default_factory=dict)

    def compose(self, parts: tuple[Part, ...], *, chain: tuple[str, ...], depth: int) -> tuple[Part, ...]:
        """Parts without snippets come back as they are, and what a snippet became at one depth is shared by all its places."""
        if next(includes_of(parts), None) is None:
            return parts
        return tuple(self._composed(one, chain=chain, depth=depth) for one in parts)

    def _composed(self, part: Part, *, chain: tuple[str, ...], depth: int) -> Part:
        match part:
            case Include():
                return Include(part.slug, part.label, part.version, self._body(part, chain=chain, depth=depth))
            case If(path=path, then=then, otherwise=otherwise):
                return If(path, self.compose(then, chain=chain, depth=depth), self.compose(otherwise, chain=chain, depth=depth))
            case Each(path=path, name=name, body=body, otherwise=otherwise):
                return Each(path, name, self.compose(body, chain=chain, depth=depth), self.compose(otherwise, chain=chain, depth=depth))
            case _:
                return part

    def _body(self, include: Include, *, chain: tuple[str, ...], depth: int) -> tuple[Part, ...]:
        if include.slug in chain:
            way = " → ".join((*chain[chain.index(include.slug) :], include.slug))
            raise InvalidField(f"A snippet cannot include itself: {way}.", param=self.param)
        if depth >= MAX_SNIPPET_DEPTH:
            way = " → ".join((*chain, include.slug))
            raise InvalidField(f"At most {MAX_SNIPPET_DEPTH} snippets lie within one another: {way}.", param=self.param)
        known = self.known.get((include.name, depth))
        if known is not None:
            return known
        snippet = self.snippets.get(include.name)
        if snippet is None:
            error = no_such_snippet(include)
            raise InvalidField(error.message, param=self.param)
        for name, said in snippet.parameters.items():
            self.parameters[name] = {**said, **self.parameters.get(name, {})}
        body = self.known[include.name, depth] = self.compose(snippet.parts, chain=(*chain, include.slug), depth=depth + 1)
        return body
