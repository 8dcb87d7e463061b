"""What a version includes, before a label serves it: all of it is there, and no text comes with it that nobody approved."""

from collections.abc import Collection, Sequence

from burnish_gateway.registry import store, uses_store
from burnish_gateway.registry.hold_snippets import hold_snippets
from burnish_gateway.registry.label_rules import not_yet, rules_of
from burnish_gateway.registry.prompt import Prompt
from burnish_gateway.registry.uses_store import UnapprovedSnippet
from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import gather_snippets
from burnish_shared.errors import Conflict, InvalidField, LabelProtected
from burnish_shared.slug import PRODUCTION, Label


async def check_includes(tx: Tx, prompt: Prompt, label: Label, *, version: int, is_back: bool) -> None:
    """Looks nothing more up where the version includes nothing. The snippets are held against changes until the transaction ends.

    `is_back`: a snippet that stands where it stood when `label` left the version comes along without being asked for anything.
    Raises Conflict where the version cannot be put together, LabelProtected where `label` is protected and a snippet is not approved.
    """
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, version)
    includes = () if found is None else found.content.includes()
    if found is None or not includes:
        return
    try:
        snippets = await hold_snippets(tx, prompt.workspace_id, includes)
        found.content.template(snippets, slug=prompt.slug)
        found.content.variants(snippets, slug=prompt.slug)
    except InvalidField as error:
        message = f"Version {version} of '{prompt.slug}' cannot be put together any more: {error.message}"
        raise Conflict(message, param="version") from error
    protected = (await rules_of(tx, prompt.workspace_id)).protected
    if label in protected:
        await _check_approved(tx, prompt, label, version=version, names=sorted(snippets), is_back=is_back, protected=protected)


async def find_unapproved(
    tx: Tx, prompt: Prompt, label: Label, *, version: int, protected: Collection[str]
) -> UnapprovedSnippet | None:  # fmt: skip
    """What `check_includes` would refuse a protected `label` for, told beforehand: nothing is held, and nothing raised. None, too, where
    the version cannot be put together: then it is refused for that."""
    found = await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, version)
    includes = () if found is None else found.content.includes()
    try:
        snippets = await gather_snippets(tx, prompt.workspace_id, includes) if includes else {}
    except InvalidField:
        return None
    return await _first_unapproved(tx, prompt, label, version=version, names=sorted(snippets), is_back=False, protected=protected)


async def _first_unapproved(
    tx: Tx, prompt: Prompt, label: Label, *, version: int, names: Sequence[str], is_back: bool, protected: Collection[str]
) -> UnapprovedSnippet | None:
    """A number always says the same, and a label that is protected was asked itself: the others may have moved since somebody looked."""
    named = [(name, slug, at or PRODUCTION) for name in names for slug, _, at in [name.partition("@")] if not at.isdigit()]
    asked = [one for one in named if one[2] not in protected]
    return await uses_store.first_unapproved(tx, prompt, label, version=version, includes=asked, is_back=is_back) if asked else None


async def _check_approved(
    tx: Tx, prompt: Prompt, label: Label, *, version: int, names: Sequence[str], is_back: bool, protected: Collection[str]
) -> None:
    lacking = await _first_unapproved(tx, prompt, label, version=version, names=names, is_back=is_back, protected=protected)
    if lacking is None:
        return
    raise LabelProtected(
        f"The label '{label}' is protected, and version {version} of '{prompt.slug}' includes '{lacking.name}', "
        f"which stands at version {lacking.version} of '{lacking.slug}': that one is not approved: {not_yet(lacking.status)}.",
        param="version",
        details={"lacking": ["approval"], "review": lacking.status, "snippet": lacking.slug, "snippet_version": lacking.version},
    )
