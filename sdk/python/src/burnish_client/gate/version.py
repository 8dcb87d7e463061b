"""Which version of a prompt is measured: what the file says, without serving it to anybody."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish_client.cli.prompt_folder import FOR_A_TEST, Folder, Pair, read_remote
from burnish_client.errors import ApiError
from burnish_client.paths import segment

if TYPE_CHECKING:
    from burnish_client import Burnish


@dataclass(frozen=True)
class Measured:
    """`comes_from`: in words, for the report. `path`: the file; None: it is what Burnish has."""

    version: int
    comes_from: str
    path: Path | None = None


def version_of(burnish: Burnish, slug: str, folder: Path, *, asked: str | None = None) -> Measured:
    """`asked`: a label or a number; else the file, saved where nobody is served by it; else what production names.

    A file that says something new becomes a version that no label and no branch names: `burnish prompts push` later brings the same
    version to the main line. A prompt that Burnish does not have is made, without a label, which the first push sets.
    Raises ApiError, FileFault.
    """
    if asked is not None:
        return Measured(resolve(burnish, slug, asked), f"{slug}@{asked}")
    place = Folder(folder)
    here = place.read(slug)
    if here is None:
        return Measured(resolve(burnish, slug, "production"), f"{slug}@production")
    path, there = place.path_of(slug), read_remote(burnish, slug)
    why = f"{FOR_A_TEST}{_commit()}"
    if there is None:
        body = {"slug": slug, **here.facts, **here.content, "label": None, "message": why}
        return Measured(int(burnish.request("POST", "/v1/prompts", body)["version"]), "the file, a new prompt", path)
    if here.content_hash == there.file.content_hash:
        return Measured(there.version, "the file, as Burnish has it", path)
    known = place.lock.known.get(there.prompt_id)
    return _saved_aside(burnish, Pair(slug, here, there, known), path, why)


def version_of_chain(burnish: Burnish, slug: str, *, asked: str | None = None) -> Measured:
    """As Burnish has it: what a label or a number names, production where nothing is asked for. Chains are no files. Raises ApiError."""
    named = asked or "production"
    return Measured(resolve(burnish, slug, named, kind="chains"), f"{slug}@{named}")


def resolve(burnish: Burnish, slug: str, label: str, *, kind: str = "prompts") -> int:
    """The version that a label or a number names. `kind`: prompts | chains."""
    query = {"version": int(label)} if label.isdigit() else {"label": label}
    return int(burnish.request("GET", f"/v1/{kind}/{segment(slug)}", query=query)["version"])


def _saved_aside(burnish: Burnish, pair: Pair, path: Path, why: str) -> Measured:
    """On a branch that goes again at once, so that neither the main line nor its readers notice."""
    here, there = pair.here, pair.there
    if here is None or there is None:
        raise ValueError("both sides are there")
    base = min(pair.known.newest if pair.known else there.version, there.version)
    branch, branches = f"gate-{uuid.uuid4().hex[:12]}", f"/v1/prompts/{here.slug}/branches"
    burnish.request("POST", branches, {"branch": branch, "version": base})
    try:
        body: dict[str, Any] = {**here.all_content(), "base_version": base, "branch": branch, "message": why}
        answer = burnish.request("POST", f"/v1/prompts/{here.slug}/versions", body)
    finally:
        try:
            burnish.request("DELETE", f"{branches}/{branch}")
        except ApiError as error:
            if error.status != 404:
                raise
    return Measured(int(answer["version"]), "the file, edited", path)


def _commit() -> str:
    commit = os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or ""
    return f" of Git commit {commit[:12]}" if commit else ""
