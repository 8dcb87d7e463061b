"""Chains of a bundle, checked as if they were saved now. Pure. Whether their prompts are there, only the database can say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from burnish_gateway.bundle.form import ChainForm
from burnish_gateway.chains.bodies import ChainContent
from burnish_gateway.chains.chain import fingerprint_of
from burnish_gateway.chains.check_prompts import check_overrides
from burnish_gateway.registry.spelling import tags_of
from burnish_gateway.wire import parse_model
from burnish_shared.chains.form import Call, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.errors import InvalidField
from burnish_shared.slug import Slug, parse_folder, parse_movable_label, parse_slug


@dataclass(frozen=True, slots=True)
class ReadChain:
    """A chain that may be stored. `contents`: of its versions, in order; `prompts`: the slugs that they run, `models`: those they name."""

    slug: Slug
    form: ChainForm
    contents: tuple[dict[str, Any], ...]
    hashes: tuple[bytes, ...]
    prompts: tuple[str, ...]
    models: tuple[str, ...]


def read_chains(forms: Sequence[ChainForm]) -> tuple[ReadChain, ...]:
    """Raises InvalidField naming the place."""
    chains = tuple(_chain(one, f"chains[{index}]") for index, one in enumerate(forms))
    slugs = [one.slug for one in chains]
    if len(set(slugs)) < len(slugs):
        twice = next(one for one in slugs if slugs.count(one) > 1)
        raise InvalidField(f"The chain '{twice}' stands in it twice.", param="chains")
    return chains


def _chain(form: ChainForm, place: str) -> ReadChain:
    slug = parse_slug(form.slug, param=f"{place}.slug")
    numbers = [one.version for one in form.versions]
    if numbers != list(range(1, len(numbers) + 1)):
        raise InvalidField(f"{place}.versions: must be numbered 1, 2, 3 and so on; '{slug}' has {numbers[:10]}.", param=f"{place}.versions")
    contents = tuple(_content(one.content, f"{place}.versions[{index}].content") for index, one in enumerate(form.versions))
    hashes = tuple(fingerprint_of(one) for one in contents)
    if len(set(hashes)) < len(hashes):
        raise InvalidField(f"{place}.versions: two versions of '{slug}' say the same.", param=f"{place}.versions")
    if any(one.base_version is not None and one.base_version >= one.version for one in form.versions):
        raise InvalidField(f"{place}.versions: a version of '{slug}' is based on itself or a later one.", param=f"{place}.versions")
    labels = [one.model_copy(update={"label": parse_movable_label(one.label, param=f"{place}.labels")}) for one in form.labels]
    if len({one.label for one in labels}) < len(labels):
        raise InvalidField(f"{place}.labels: a label stands twice.", param=f"{place}.labels")
    for at, move in enumerate(form.label_moves):
        parse_movable_label(move.label, param=f"{place}.label_moves[{at}].label")
    moves = [one or 1 for move in form.label_moves for one in (move.from_version, move.to_version)]
    named = [*(one.version for one in labels), *moves, *(one.base_version or 1 for one in form.versions)]
    if any(number > len(numbers) for number in named):
        raise InvalidField(f"{place}: names a version of '{slug}' that is not in it.", param=place)
    folder = parse_folder(form.folder, param=f"{place}.folder")
    clean = form.model_copy(update={"slug": slug, "folder": folder, "labels": labels, "tags": list(tags_of(form.tags))})
    steps = [step for content in contents for step in all_steps(read_chain(content).steps)]
    calls = [step.does for step in steps if isinstance(step.does, Call)]
    prompts = dict.fromkeys(one.prompt.slug for one in calls)
    models = dict.fromkeys(one.model for one in calls if one.model is not None)
    return ReadChain(slug, clean, contents, hashes, tuple(prompts), tuple(models))


def _content(given: dict[str, Any], place: str) -> dict[str, Any]:
    try:
        content = parse_model(ChainContent, json.dumps(given).encode()).content()
        check_overrides(read_chain(content))
    except InvalidField as error:
        raise InvalidField(f"{place}: {error.message}", param=f"{place}.{error.param}" if error.param else place) from error
    return content
