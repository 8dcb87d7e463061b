"""The lines of a prompt's history: the main one, which `latest` follows, and branches, each with the version where it stands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from burnish_gateway.registry import line_store, store
from burnish_gateway.registry.ancestry import Parents, nearest_common_ancestor
from burnish_gateway.registry.prompt import Prompt, Version, no_such_base, no_such_prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import LATEST, Label, parse_label

MAIN: Final = Label("main")


def parse_branch(text: str, *, param: str = "branch") -> Label | None:
    """The branch that is meant; None for `main`. Raises InvalidField."""
    try:
        name = parse_label(text, param=param)
    except InvalidField as error:
        raise InvalidField(error.message.replace("A label", "The name of a branch", 1), param=param) from None
    if name == LATEST:
        raise InvalidField("A branch cannot be called 'latest', which names where the main line stands; choose another name.", param=param)
    return None if name == MAIN else name


async def advance(tx: Tx, prompt: Prompt, branch: Label | None, *, to: int) -> Prompt:
    """The line stands at `to` from now on. Returns the prompt with its new revision. The prompt is held."""
    if branch is None:
        revision = await store.raise_revision(tx, prompt, latest_version=to)
        return replace(prompt, latest_version=to, last_version=max(to, prompt.last_version), revision=revision)
    await line_store.move_branch(tx, prompt, branch, to=to)
    revision = await store.raise_revision(tx, prompt, latest_version=prompt.latest_version, branched_version=to)
    return replace(prompt, last_version=max(to, prompt.last_version), revision=revision)


async def common_ancestor(tx: Tx, prompt: Prompt, a: int, b: int) -> Version | None:
    """The nearest common ancestor of two versions in the prompt's lineage; None where they have none."""

    async def parents_of(first: int, last: int) -> Parents:
        return await line_store.parents(tx, prompt, first=first, last=last)

    number = await nearest_common_ancestor(a, b, parents_of=parents_of)
    return None if number is None else await version_of(tx, prompt, number)


async def version_of(tx: Tx, prompt: Prompt, number: int, *, param: str = "version") -> Version:
    """Raises NotFound, which names `param`: where the request says the version, or `prompt` where it says none."""
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, number)
    if found is None:
        raise no_such_prompt(prompt.slug, version=number, param=param)
    return found


async def base_of(tx: Tx, prompt: Prompt, number: int) -> Version:
    """The version that somebody says that he changed. Raises NotFound."""
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, number)
    if found is None:
        raise no_such_base(prompt.slug, number, newest=prompt.last_version)
    return found


async def versions_of(tx: Tx, prompt: Prompt, numbers: Sequence[int]) -> dict[int, Version]:
    """Number → version. Raises NotFound where one is not there."""
    found = {one.version: one for one in await store.find_versions(tx, prompt, numbers)}
    for number in numbers:
        if number not in found:
            raise no_such_prompt(prompt.slug, version=number)
    return found
