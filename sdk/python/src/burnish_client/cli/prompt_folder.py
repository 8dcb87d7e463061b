"""Brings a folder of prompts and a workspace together: what would happen (a plan), and doing it.

Content, which has versions, and the facts around it, which have none, are looked at apart. Each of them is as Burnish has it, changed
here, changed there, or changed on both sides; only the last is refused. What the folder last met stands in `burnish.lock`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from burnish_client.cli.prompt_files import FileFault, PromptFile, checked_slug, file_of, read_file, written
from burnish_client.cli.prompt_lock import Known, Lock
from burnish_client.paths import segment

if TYPE_CHECKING:
    from burnish_client import Burnish

Side = Literal["same", "here", "there", "both"]
FOR_A_TEST: Final = "For a test"
"""How the messages of versions begin that the test gate made."""


@dataclass(frozen=True)
class Remote:
    """The newest version of the main line, as Burnish has it."""

    prompt_id: str
    version: int
    file: PromptFile
    is_archived: bool
    labels: Mapping[str, int]


@dataclass(frozen=True)
class Pair:
    """One slug on both sides. `known` None: these two have never met.

    `is_only_measured`: the test gate made it, and no label was set since.
    """

    slug: str
    here: PromptFile | None
    there: Remote | None
    known: Known | None
    is_only_measured: bool = False

    @property
    def content(self) -> Side:
        if self.here is None or self.there is None:
            return "here" if self.here else "there"
        here, there = self.here.content_hash, self.there.file.content_hash
        if here == there:
            return "same"
        if self.known is None:
            return "both"
        return _side(here != self.known.content, self.there.version != self.known.newest)

    @property
    def facts(self) -> Side:
        if self.here is None or self.there is None:
            return "here" if self.here else "there"
        here, there = self.here.facts_hash, self.there.file.facts_hash
        if here == there:
            return "same"
        if self.known is None:
            return "both"
        return _side(here != self.known.facts, there != self.known.facts)

    @property
    def collides(self) -> bool:
        return "both" in (self.content, self.facts)


def _side(is_changed_here: bool, is_changed_there: bool) -> Side:
    """Both False: the file went back to an older version, which Burnish was told."""
    if is_changed_here and is_changed_there:
        return "both"
    return "there" if is_changed_there else "here" if is_changed_here else "same"


class Folder:
    """Files `SLUG.yaml` directly in a folder, and `burnish.lock` beside them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = Lock.read(path)

    def path_of(self, slug: str) -> Path:
        """Raises FileFault for what would lie elsewhere."""
        return self.path / f"{checked_slug(slug)}.yaml"

    def slugs(self) -> list[str]:
        return sorted(one.stem for one in self.path.glob("*.yaml"))

    def read(self, slug: str) -> PromptFile | None:
        """None where there is no such file. Raises FileFault, naming it, for one that is no prompt."""
        path = self.path_of(slug)
        if not path.exists():
            return None
        try:
            return read_file(path.read_bytes().decode("utf-8"), slug=slug)
        except (FileFault, UnicodeDecodeError) as error:
            raise FileFault(f"{path}: {error}") from error

    def write(self, prompt: PromptFile) -> None:
        """In place of what stood there, and only where it says something else: comments stay in a file that is right."""
        if self.read(prompt.slug) != prompt:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path_of(prompt.slug).write_bytes(written(prompt).encode("utf-8"))

    def save_lock(self) -> None:
        if self.lock.known:
            self.path.mkdir(parents=True, exist_ok=True)
            self.lock.write(self.path)


def pairs_of(burnish: Burnish, folder: Folder, slugs: Sequence[str] = (), *, also_there: bool) -> list[Pair]:
    """What is on both sides, by slug. `slugs` empty: every file and, with `also_there`, every prompt that is not archived."""
    wanted = list(slugs) or sorted({*folder.slugs(), *(_slugs_there(burnish) if also_there else ())})
    pairs = []
    for slug in wanted:
        here, there = folder.read(slug), read_remote(burnish, slug)
        if here is None and there is None:
            raise FileFault(f"There is no prompt '{slug}', neither in {folder.path} nor in Burnish.")
        known = folder.lock.known.get(there.prompt_id) if there else None
        is_only_measured = here is not None and there is not None and _is_only_measured(burnish, there)
        if is_only_measured and there is not None and there.version == 1 and known is None:
            known = Known.of(there.file, version=1, newest=1)  # The gate took it from a file of this slug.
        pairs.append(Pair(slug, here, there, known, is_only_measured))
    return pairs


def _is_only_measured(burnish: Burnish, there: Remote) -> bool:
    if there.labels.keys() - {"latest"}:
        return False
    path = f"/v1/prompts/{there.file.slug}"
    if not str(burnish.request("GET", f"{path}/versions/1")["message"]).startswith(FOR_A_TEST):
        return False
    return not burnish.request("GET", f"{path}/labels/production/history", query={"limit": 1})["data"]


def read_remote(burnish: Burnish, slug: str) -> Remote | None:
    """None where Burnish has no prompt of this slug."""
    from burnish_client.errors import ApiError

    try:
        answer = burnish.request("GET", f"/v1/prompts/{segment(slug)}", query={"label": "latest"})
    except ApiError as error:
        if error.status == 404:
            return None
        raise
    return remote_of(answer)


def remote_of(answer: dict[str, Any]) -> Remote:
    """Raises FileFault where the server names what cannot be the name of a file."""
    slug = checked_slug(str(answer["slug"]))
    return Remote(
        str(answer["id"]), int(answer["version"]), file_of(answer, slug=slug), answer.get("archived_at") is not None, answer["labels"]
    )


def pulled(pair: Pair, *, force: bool) -> PromptFile | None:
    """What the file is to say; None where both sides changed the same part and nothing is forced, or where Burnish has nothing to give."""
    if pair.there is None:
        return pair.here
    if pair.here is None or force:
        return pair.there.file
    if pair.collides:
        return None
    content = pair.there.file if pair.content == "there" else pair.here
    facts = pair.there.file if pair.facts == "there" else pair.here
    return PromptFile(pair.slug, facts.facts, content.content)


def met(pair: Pair, *, force: bool) -> Known:
    """What the lock says once the file holds what `pulled` gave. The prompt is in Burnish, and nothing collides."""
    there, known = pair.there, pair.known
    if there is None:
        raise ValueError("a prompt that Burnish does not have was not met")
    if known is None or pair.here is None or force:
        return Known.of(there.file, version=there.version, newest=there.version)
    if pair.content == "there" or pair.here.content_hash == there.file.content_hash:
        known = replace(known, version=there.version, newest=there.version, content=there.file.content_hash)
    return known if pair.facts == "here" else replace(known, facts=there.file.facts_hash)


def in_order(pairs: Iterable[Pair]) -> list[Pair]:
    """Prompts after those that they include, so that each finds what it names; circles as they come."""
    left = {one.slug: one for one in pairs}
    ordered: list[Pair] = []
    while left:
        ready = [one for one in left.values() if one.here is None or not (one.here.included() & left.keys() - {one.slug})]
        for one in ready or list(left.values()):
            ordered.append(left.pop(one.slug))
    return ordered


def _slugs_there(burnish: Burnish) -> list[str]:
    return [str(one["slug"]) for one in burnish.list("/v1/prompts", limit=200)]
