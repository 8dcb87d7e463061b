"""Sends prompts of a folder to Burnish: the next version where content changed, the facts where they did, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from burnish_client.cli.prompt_files import PromptFile, file_of
from burnish_client.cli.prompt_folder import Folder, Pair, Remote, remote_of
from burnish_client.cli.prompt_lock import Known
from burnish_client.paths import segment

if TYPE_CHECKING:
    from burnish_client import Burnish

Outcome = Literal["created", "saved", "existing", "merged", "facts", "labelled", "unchanged", "behind"]


@dataclass(frozen=True)
class Wishes:
    """`label`: moved to what was pushed. `merge`: put together what both sides changed. `force`: the file wins."""

    message: str = ""
    label: str | None = None
    merge: bool = False
    force: bool = False


@dataclass(frozen=True)
class Pushed:
    """`version`: what Burnish has of the file. `labelled`: only its label moved. `behind`: nothing changed here, but there.

    `existing`: a version says just this already; where it is not the newest of the main line, `newest` is that.
    """

    slug: str
    outcome: Outcome
    version: int
    warnings: tuple[str, ...] = ()
    newest: int | None = None


class Collision(Exception):
    """Somebody saved what the file does not know of. `parts`: what both changed, where Burnish could not put it together."""

    def __init__(self, slug: str, newer: int, parts: tuple[str, ...] = ()) -> None:
        self.slug, self.newer, self.parts = slug, newer, parts
        changed = f", and both sides changed {', '.join(parts)}" if parts else ""
        super().__init__(f"{slug}: Burnish is at version {newer}, which the file does not come from{changed}.")


class Apart(Collision):
    """What the file says stands apart from the main line, as on a branch, and Burnish does not bring it there. `why`: in its words."""

    def __init__(self, slug: str, version: int, *, main: int, why: str) -> None:
        super().__init__(slug, main)
        self.args = (f"{slug} is not pushed: version {version} says the same apart from the main line, which is at version {main}. {why}",)


@dataclass(frozen=True)
class _Saved:
    outcome: Outcome
    file: PromptFile
    version: int
    newest: int
    warnings: tuple[str, ...] = ()


def push(burnish: Burnish, folder: Folder, pair: Pair, wishes: Wishes) -> Pushed:
    """One prompt whose file is there. Safe to repeat: what Burnish has already makes no version.

    Raises Collision where both sides changed the same and `wishes` does not say who wins, ApiError for what Burnish refuses.
    """
    here, there = pair.here, pair.there
    if here is None:
        raise ValueError("only files are pushed")
    if there is None:
        return _create(burnish, folder, here, wishes)
    if pair.facts == "both" and not wishes.force:
        raise Collision(pair.slug, there.version, ("what has no versions (name, description, tags)",))
    saved = _save(burnish, pair, here, there, wishes)
    has_told = pair.facts in ("here", "both")
    if has_told:
        body = {name: value for name, value in here.all_facts().items() if value != there.file.all_facts()[name]}
        burnish.request("PATCH", f"/v1/prompts/{here.slug}", body)
    if saved.outcome == "merged":
        folder.write(PromptFile(here.slug, here.facts, saved.file.content))
    known = pair.known or Known.of(here, version=saved.version, newest=saved.newest)
    if saved.outcome != "behind":
        known = replace(known, version=saved.version, newest=saved.newest, content=saved.file.content_hash)
    if pair.facts != "there":
        known = replace(known, facts=here.facts_hash)
    folder.lock.note(there.prompt_id, known)
    if pair.is_only_measured and wishes.label is None:
        wishes = replace(wishes, label="production")
    has_moved = saved.outcome != "behind" and _moved(burnish, here.slug, wishes, version=saved.version, labels=there.labels)
    if pair.is_only_measured and saved.outcome != "behind":
        return Pushed(here.slug, "created", saved.version, saved.warnings)
    if saved.outcome != "unchanged":
        newest = saved.newest if saved.outcome == "existing" and saved.newest != saved.version else None
        return Pushed(here.slug, saved.outcome, saved.version, saved.warnings, newest)
    return Pushed(here.slug, "facts" if has_told else "labelled" if has_moved else "unchanged", saved.version, saved.warnings)


def _create(burnish: Burnish, folder: Folder, here: PromptFile, wishes: Wishes) -> Pushed:
    body = {"slug": here.slug, **here.facts, **here.content, "message": wishes.message}
    answer = burnish.request("POST", "/v1/prompts", body | ({"label": wishes.label} if wishes.label else {}))
    made = remote_of(answer)
    folder.lock.note(made.prompt_id, Known.of(here, version=made.version, newest=made.version))
    return Pushed(here.slug, "created", made.version, tuple(answer.get("warnings") or ()))


def _save(burnish: Burnish, pair: Pair, here: PromptFile, there: Remote, wishes: Wishes) -> _Saved:
    known = pair.known
    if pair.content == "same":
        return _Saved("unchanged", here, version_of(here, there, known), there.version)
    if pair.content == "there" and not wishes.force:
        return _Saved("behind", here, there.version, there.version)
    if known is None and not wishes.force:
        raise Collision(here.slug, there.version)
    base = there.version if wishes.force or known is None else known.newest
    body = {**here.all_content(), "base_version": base, "message": wishes.message}
    answer, outcome = _posted(burnish, here, body, wishes)
    version, newest = int(answer["version"]), max(there.version, int(answer["version"]))
    if not answer.get("is_new"):
        outcome, newest = "existing", _brought_to_main(burnish, here.slug, version, main=there.version)
    return _Saved(outcome, file_of(answer, slug=here.slug), version, newest, tuple(answer.get("warnings") or ()))


def _posted(burnish: Burnish, here: PromptFile, body: dict[str, Any], wishes: Wishes) -> tuple[dict[str, Any], Outcome]:
    """Where somebody saved meanwhile: together with that, if the file holds it already or whoever pushes asked for it."""
    from burnish_client.errors import ApiError

    path = f"/v1/prompts/{here.slug}/versions"
    try:
        return burnish.request("POST", path, body), "saved"
    except ApiError as error:
        if error.status != 409 or error.code != "newer_version":
            raise
        newer, offer = int(error.body["newer_version"]), error.body["merge"]["offer"]
    open_parts = tuple(str(one["part"]) for one in offer["conflicts"])
    holds_it = not open_parts and file_of(offer["content"], slug=here.slug).content_hash == here.content_hash
    if not holds_it and (open_parts or not wishes.merge):
        raise Collision(here.slug, newer, open_parts)
    return burnish.request("POST", path, {**body, "merge": {"newer_version": newer}}), "saved" if holds_it else "merged"


def _brought_to_main(burnish: Burnish, slug: str, version: int, *, main: int) -> int:
    """What was saved before, such as on a branch, becomes the newest of the main line where that loses nothing.

    Returns where main is. Raises Apart where Burnish refuses it, since the main line says something else by now.
    """
    if version <= main:
        return main  # The text went back to an older version. Versions are never saved twice; a label can go there.
    from burnish_client.errors import ApiError

    try:
        done = burnish.request("POST", f"/v1/prompts/{slug}/merge", {"version": version, "base_version": main})
    except ApiError as error:
        if error.status != 409:
            raise
        raise Apart(slug, version, main=main, why=error.message) from error
    return version if done["outcome"] == "moved" else max(main, int(done["version"]))


def version_of(here: PromptFile, there: Remote, known: Known | None) -> int:
    """Which version says what the file says, where it did not change."""
    return there.version if known is None or here.content_hash == there.file.content_hash else known.version


def _moved(burnish: Burnish, slug: str, wishes: Wishes, *, version: int, labels: Any) -> bool:
    if wishes.label is None or labels.get(wishes.label) == version:
        return False
    burnish.request("PUT", f"/v1/prompts/{slug}/labels/{segment(wishes.label)}", {"version": version, "reason": wishes.message})
    return True
