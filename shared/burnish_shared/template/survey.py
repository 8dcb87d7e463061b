"""What the parts of a prompt ask for, found without rendering them: variables, what of them is always needed, pictures, snippets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from burnish_shared.errors import InvalidField
from burnish_shared.template.syntax import MAX_BLOCK_DEPTH, OF_TURN, Each, If, Include, Part, Slot
from burnish_shared.template.values import IMAGE_URL

MAX_PARTS: Final = 20_000
"""Parts of one prompt with its snippets, a snippet counted each time that it stands there."""


@dataclass(slots=True)
class Survey:
    """`slots`: all that speaks of a variable of the caller's. `needed`: paths that are used whatever the values are."""

    slots: list[Slot] = field(default_factory=list)
    needed: set[tuple[str, ...]] = field(default_factory=set)
    parts: int = 0


def survey(parts: Iterable[Part], *, param: str, into: Survey | None = None) -> Survey:
    """Adds what `parts` ask for to `into`.

    Raises InvalidField, blaming `param`, for `{{@index}}` outside of an `#each`, too deep blocks, and too many parts together.
    """
    found = into or Survey()
    _look(parts, found, names=frozenset(), depth=0, is_sure=True, param=param)
    return found


def includes_of(parts: Iterable[Part]) -> Iterator[Include]:
    """The snippets that the parts themselves name, in order."""
    for part in parts:
        match part:
            case Include():
                yield part
            case If(then=then, otherwise=otherwise):
                yield from includes_of(then)
                yield from includes_of(otherwise)
            case Each(body=body, otherwise=otherwise):
                yield from includes_of(body)
                yield from includes_of(otherwise)
            case _:
                pass


def literal_of(parts: Iterable[Part]) -> str:
    """The text without values: of a condition the longer branch, of a repetition its body once."""
    texts: list[str] = []
    for part in parts:
        match part:
            case str():
                texts.append(part)
            case If(then=one, otherwise=other) | Each(body=one, otherwise=other):
                texts.append(max(literal_of(one), literal_of(other), key=len))
            case Include(body=body):
                texts.append(literal_of(body or ()))
            case _:
                pass
    return "".join(texts)


def shows_pictures(parts: Iterable[Part], pictures: frozenset[tuple[str, ...]]) -> bool:
    """Does a part become a picture? `pictures`: the paths of variables of that type."""
    for part in parts:
        match part:
            case Slot(path=path, type=type_) if type_ == IMAGE_URL or path in pictures:
                return True
            case If(then=then, otherwise=otherwise) | Each(body=then, otherwise=otherwise):
                if shows_pictures(then, pictures) or shows_pictures(otherwise, pictures):
                    return True
            case Include(body=body):
                if shows_pictures(body or (), pictures):
                    return True
            case _:
                pass
    return False


def _look(parts: Iterable[Part], found: Survey, *, names: frozenset[str], depth: int, is_sure: bool, param: str) -> None:
    if depth > MAX_BLOCK_DEPTH:
        raise InvalidField(f"At most {MAX_BLOCK_DEPTH} blocks stand within one another, those of snippets included.", param=param)
    for part in parts:
        found.parts += 1
        if found.parts > MAX_PARTS:
            raise InvalidField(f"A prompt has at most {MAX_PARTS:,} parts, those of its snippets included.", param=param)
        match part:
            case Slot(path=path):
                _use(part, found, names=names, is_sure=is_sure, param=param, path=path)
            case If(path=path, then=then, otherwise=otherwise):
                _use(Slot(path), found, names=names, is_sure=False, param=param, path=path)
                _look(then, found, names=names, depth=depth + 1, is_sure=False, param=param)
                _look(otherwise, found, names=names, depth=depth + 1, is_sure=False, param=param)
            case Each(path=path, name=name, body=body, otherwise=otherwise):
                _use(Slot(path, "array"), found, names=names, is_sure=is_sure, param=param, path=path)
                _look(body, found, names=names | {name, *OF_TURN}, depth=depth + 1, is_sure=False, param=param)
                _look(otherwise, found, names=names, depth=depth + 1, is_sure=False, param=param)
            case Include(body=body):
                _look(body or (), found, names=names, depth=depth, is_sure=is_sure, param=param)
            case _:
                pass


def _use(slot: Slot, found: Survey, *, names: frozenset[str], is_sure: bool, param: str, path: tuple[str, ...]) -> None:
    if path[0] in names:
        return
    if path[0] in OF_TURN:
        raise InvalidField(f"{{{{{path[0]}}}}} stands only within an {{{{#each …}}}}.", param=param)
    found.slots.append(slot)
    if is_sure:
        found.needed.add(path)
