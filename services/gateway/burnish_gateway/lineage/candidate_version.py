"""Makes a version of a candidate: on a branch of its prompt, or the first one of a prompt of its own."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.lineage import store
from burnish_gateway.lineage.answers import BranchCandidate, CopyCandidate
from burnish_gateway.registry import announce, line_store, lines
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.add_version import Origin, SavedVersion, add_version
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt, of_its_own
from burnish_gateway.registry.prompt import Head, Version, check_not_archived, no_such_prompt
from burnish_gateway.registry.save_whole import warnings_of
from burnish_gateway.registry.spelling import author_of
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.editable import editable_index
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.model_patterns import best_pattern
from burnish_shared.slug import Slug, parse_slug


async def branch_candidate(
    tx: Tx, principal: Principal, slug: Slug, candidate_id: UUID, body: BranchCandidate, *, clock: Clock
) -> SavedVersion:
    """Starts the branch and saves on it. Raises NotFound, Conflict for a branch that is there, InvalidField."""
    branch = lines.parse_branch(body.branch)
    if branch is None:
        raise InvalidField("'main' is the line that every prompt begins with; choose another name.", param="branch")
    head = await prompts_store.lock_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    check_not_archived(head.prompt)
    candidate = await find(tx, principal, head, candidate_id)
    await line_store.start_branch(tx, head.prompt, branch, version=candidate["base_version"], by=principal.actor)
    base = await lines.version_of(tx, head.prompt, candidate["base_version"], param="prompt")
    saved = await add_version(
        tx,
        principal.workspace_id,
        slug,
        changes_with(base, candidate["text"], model=await store.model_of_line(tx, principal.workspace_id, candidate["line_id"])),
        base_version=candidate["base_version"],
        author=author_of(principal),
        clock=clock,
        origin=Origin("optimizer", "branch_of", job_id=candidate["job_id"]),
        change_message=body.message or f"Candidate {candidate_id}",
        branch=branch,
    )
    await _link(tx, head, saved.version.version, candidate, kind="branch_of")
    after = {"branch": body.branch, "version": saved.version.version, "candidate_id": str(candidate_id)}
    await audit.note(tx, principal, action="prompt.branch.started", kind="prompt", key=slug, after=after)
    await announce.prompt_changed(tx, principal.workspace_id, slug)
    return saved


async def copy_candidate(
    tx: Tx, principal: Principal, slug: Slug, candidate_id: UUID, body: CopyCandidate, *, clock: Clock
) -> tuple[Head, Version, list[str]]:
    """Also what is to be warned of: locked blocks that it lacks. Raises NotFound, Conflict for a slug that is taken, InvalidField."""
    head = await prompts_store.find_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    candidate, prompt = await find(tx, principal, head, candidate_id), head.prompt
    base, name = await lines.version_of(tx, prompt, candidate["base_version"], param="prompt"), parse_slug(body.slug)
    model = await store.model_of_line(tx, principal.workspace_id, candidate["line_id"])
    fields = base.content.fields() | {"fallback_version": None} | changes_with(base, candidate["text"], model=model)
    content = VersionContent.from_fields(fields)
    made, first = await create_prompt(
        tx, principal.workspace_id, of_its_own(prompt, content, slug=name, name=body.name or name), content, label=None,
        author=author_of(principal), clock=clock, source="clone", change_message=f"Copied from a candidate of {slug}", insists=True,
    )  # fmt: skip
    await _link(tx, made, 1, candidate, kind="cloned_from")
    after = {"version": 1, "copied_from": f"{slug}, candidate {candidate_id}"}
    await audit.note(tx, principal, action="prompt.created", kind="prompt", key=name, after=after)
    await announce.prompt_changed(tx, principal.workspace_id, name)
    return made, first, warnings_of(prompt, content)


async def find(tx: Tx, principal: Principal, head: Head, candidate_id: UUID) -> dict[str, Any]:
    """Raises NotFound."""
    found = await store.find_candidate(tx, principal.workspace_id, head.prompt.prompt_id, candidate_id)
    if found is None:
        raise NotFound(f"The prompt '{head.prompt.slug}' has no such candidate.", param="candidate_id")
    return found


def changes_with(version: Version, text: str, *, model: str | None) -> dict[str, Any]:
    """The fields of the version that change by a candidate: where it has a text of its own for the model, that one. Raises InvalidField."""
    variants = [dict(one) for one in version.content.fields().get("variants") or ()]
    own = None if model is None else best_pattern([one["model"] for one in variants], model)
    if own is None:
        return {"messages": _messages_with(version, version.content.messages, text)}
    return {
        "variants": [one | {"messages": _messages_with(version, one["messages"], text)} if one["model"] == own else one for one in variants]
    }


def _messages_with(version: Version, messages: Sequence[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """These messages with the text where searches edit it. Raises InvalidField."""
    place = editable_index(messages)
    if place is None:
        raise InvalidField(f"Version {version.version} has no message with a text.", param="candidate_id")
    return [dict(one) | ({"content": text} if index == place else {}) for index, one in enumerate(messages)]


async def _link(tx: Tx, head: Head, version: int, candidate: dict[str, Any], *, kind: str) -> None:
    await store.insert_edge(
        tx, head.prompt.workspace_id, child=(head.prompt.prompt_id, version), kind=kind, candidate_id=candidate["candidate_id"],
        prompt_id=head.prompt.prompt_id, job_id=candidate["job_id"],
    )  # fmt: skip
