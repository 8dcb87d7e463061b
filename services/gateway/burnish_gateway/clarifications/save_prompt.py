"""Keep what a session wrote as a version of a prompt, with the test cases that the model made up, marked as such."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle.foreign.draft import CannotTake, text_of
from burnish_gateway.clarifications import store
from burnish_gateway.clarifications.advance import found
from burnish_gateway.clarifications.bodies import SaveClarification
from burnish_gateway.clarifications.case_variables import nested
from burnish_gateway.clarifications.state import WrongState
from burnish_gateway.registry import announce
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.add_version import add_version
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt
from burnish_gateway.registry.move_label import move_label
from burnish_gateway.registry.note_label import note_label
from burnish_gateway.registry.spelling import author_of
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.slug import Label, Slug
from burnish_shared.template import parse_messages

CASE_SOURCE = "clarification"


@dataclass(frozen=True, slots=True)
class SavedPrompt:
    slug: Slug
    version: int
    label: Label | None
    is_new: bool
    test_cases: int


async def save_prompt(
    tx: Tx, principal: Principal, session_id: UUID, body: SaveClarification, *, slug: Slug, label: Label | None, clock: Clock
) -> SavedPrompt:
    """Safe to repeat: the same content is the same version. Raises NotFound, WrongState, and what saving a version raises."""
    row = await found(tx, session_id, lock=True)
    if row["result"] is None:
        raise WrongState(
            "There is no final prompt yet; POST …/final-prompt first.", param="session_id", details={"status": row["status"]}
        )  # fmt: skip
    given = _content(row["result"], session_id, model=body.model or row["write_model"], with_cases=body.test_cases)
    author, cases = author_of(principal), len(given.get("test_cases") or ())
    head = await prompts_store.lock_head(tx, principal.workspace_id, slug)
    if head is None:
        new = prompts_store.NewPrompt(
            slug=slug, name=row["result"]["name"] or slug, description=row["result"]["description"], use_case="", folder="", tags=(),
            categories=(), app_contexts=(), locked_blocks=(), rules=(), visibility="private",
        )  # fmt: skip
        _, made = await create_prompt(
            tx, principal.workspace_id, new, VersionContent.from_fields(given), label=label, author=author, clock=clock,
            change_message=body.message, insists=True,
        )  # fmt: skip
        version, is_new = made.version, True
        await audit.note(tx, principal, action="prompt.created", kind="prompt", key=slug, after={"version": 1, "label": label})
    else:
        saved = await add_version(
            tx, principal.workspace_id, slug, given, base_version=head.prompt.latest_version, author=author, clock=clock,
            change_message=body.message,
        )  # fmt: skip
        version, is_new = saved.version.version, saved.is_new
        if is_new:
            after = {"version": version, "base_version": head.prompt.latest_version}
            await audit.note(tx, principal, action="prompt.version.created", kind="prompt", key=slug, after=after)
        if label is not None:
            await _move(tx, principal, slug, label, version=version, clock=clock)
    await store.note_saved(tx, session_id, slug=slug, version=version)
    await announce.prompt_changed(tx, principal.workspace_id, slug)
    return SavedPrompt(slug, version, label, is_new, cases)


async def _move(tx: Tx, principal: Principal, slug: Slug, label: Label, *, version: int, clock: Clock) -> None:
    moved = await move_label(
        tx,
        principal.workspace_id,
        slug,
        label,
        version=version,
        author=author_of(principal),
        clock=clock,
        reason="from a clarifying session",
    )
    await note_label(tx, principal.workspace_id, principal, slug, label, moved, version=version)


def _content(result: dict[str, Any], session_id: UUID, *, model: str, with_cases: bool) -> dict[str, Any]:
    """Of what stands in double braces only variables mean anything; models write other braces too, which stay as they are."""
    text: str = result["prompt"]
    try:
        written = text_of(text)
    except CannotTake:
        written = text.replace("{{", "{{{{")
    messages = [{"role": "user", "content": written}]
    roots = {one.partition(".")[0] for one in parse_messages(messages, parameters=None).required}
    cases = [
        {
            "name": one["name"], "variables": nested(one["variables"], roots=roots),
            "criteria": one["criteria"] or None, "metadata": {"synthetic": True, "source": CASE_SOURCE, "session_id": str(session_id)},
        }
        for one in (result["test_cases"] if with_cases else ())
    ]  # fmt: skip
    return {"messages": messages, "model": model} | ({"test_cases": cases} if cases else {})
