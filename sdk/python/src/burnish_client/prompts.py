"""Prompts as they are served, kept so that an application goes on while Burnish is away: memory, then disk, then what its code says."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from burnish_client import template
from burnish_client.errors import ApiError, BurnishError, NotReached

FRESH_S: Final = 60.0
"""For how long a prompt is taken from memory without asking."""

REST_S: Final = 5.0
"""For how long a server that is away is not asked for a prompt that is known."""

Source = Literal["network", "memory", "disk", "code"]


@dataclass(frozen=True)
class Key:
    """What was asked for."""

    slug: str
    label: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt. `stale`: Burnish could not be asked, and this is what was known; `age_s` says since when."""

    slug: str
    version: int | None
    label: str | None
    model: str | None
    messages: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Any]
    source: Source
    stale: bool
    age_s: float
    raw: Mapping[str, Any] = field(repr=False)
    snippets: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def render(self, variables: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """The messages with the variables put in, without asking anybody: the same as the server's POST …/render.

        Raises ValueError that names every variable that is missing, or the one of a wrong type.
        """
        try:
            parsed = template.messages.parse_messages(
                self.messages, parameters=self.parameters, snippets=dict(self.snippets), slug=self.slug
            )
            rendered: list[dict[str, Any]] = parsed.render(dict(variables or {})).messages
        except template.errors.BurnishError as error:
            raise ValueError(str(error)) from error
        return rendered

    @property
    def config(self) -> Mapping[str, Any]:
        """What the version keeps for the application, as it was saved; empty where it keeps nothing."""
        return self.raw.get("config") or {}

    def settings(self) -> dict[str, Any]:
        """What the version says of the call, ready to be given to a model's client: only what it sets."""
        names = ("temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed", "tools", "tool_choice", "response_format")
        return {name: self.raw[name] for name in names if self.raw.get(name) is not None}


@dataclass
class Kept:
    """An answer of the server with its ETag; `at` is the wall clock when it was last confirmed, `checked_at` the monotonic one.

    `is_stale`: it could not be confirmed when it was last asked for, or the server itself could not ask its database.
    """

    answer: dict[str, Any]
    etag: str | None
    at: float
    checked_at: float = float("-inf")
    from_disk: bool = False
    is_stale: bool = False

    @property
    def source(self) -> Source:
        """Where it comes from when nobody was asked."""
        return "disk" if self.from_disk else "memory"


@dataclass
class PromptCache:
    """Memory and disk. No I/O over the network; both clients drive it.

    `folder`: None keeps nothing on disk. Files are readable by their owner alone, one for each prompt asked for, of this server and key.
    """

    folder: Path | None
    fresh_s: float = FRESH_S
    scope: str = ""
    _kept: dict[Key, Kept] = field(default_factory=dict)
    _rests_until: float = float("-inf")

    def fresh(self, key: Key) -> Kept | None:
        """What need not be asked for again yet."""
        kept = self._kept.get(key)
        return kept if kept is not None and time.monotonic() - kept.checked_at < self.fresh_s else None

    def known(self, key: Key) -> Kept | None:
        """Whatever is known, however old; from disk where memory has nothing."""
        if key not in self._kept and (found := self._read(key)) is not None:
            self._kept[key] = found
        return self._kept.get(key)

    @property
    def rests(self) -> bool:
        """Whether the server was away a moment ago, so that who can do without it does not ask."""
        return time.monotonic() < self._rests_until

    def rest(self, kept: Kept | None) -> None:
        """Nobody asks again for REST_S: whoever waits for a server that is away, waits once, and not for each prompt."""
        now = time.monotonic()
        self._rests_until = now + min(REST_S, self.fresh_s)
        if kept is not None:
            kept.is_stale = True
            kept.checked_at = now - self.fresh_s + min(REST_S, self.fresh_s)

    def confirm(self, key: Key, kept: Kept, *, age_s: float) -> Kept:
        """The server said that nothing changed. `age_s`: since when it could not know, 0 where it knows."""
        self._is_right(kept, age_s=age_s)
        if self.folder is not None:
            with contextlib.suppress(OSError):
                os.utime(self._path(key, self.folder), (kept.at, kept.at))
        return kept

    def keep(self, key: Key, answer: dict[str, Any], *, etag: str | None, age_s: float) -> Kept:
        """A new answer; written to disk when there is a folder. A disk that cannot be written does not stop anybody."""
        kept = Kept(answer, etag, 0)
        self._is_right(kept, age_s=age_s)
        self._kept[key] = kept
        if self.folder is not None:
            self._write(key, kept, self.folder)
        return kept

    def _is_right(self, kept: Kept, *, age_s: float) -> None:
        self._rests_until = float("-inf")
        kept.at, kept.checked_at, kept.from_disk, kept.is_stale = time.time() - age_s, time.monotonic(), False, age_s > 0

    def forget(self, key: Key) -> None:
        """The server said that there is none: neither memory nor disk may serve it later."""
        self._kept.pop(key, None)
        if self.folder is not None:
            with contextlib.suppress(OSError):
                self._path(key, self.folder).unlink()

    def _path(self, key: Key, folder: Path) -> Path:
        name = hashlib.sha256(json.dumps([self.scope, key.slug, key.label, key.version]).encode()).hexdigest()[:32]
        return folder / f"{name}.json"

    def _read(self, key: Key) -> Kept | None:
        if self.folder is None:
            return None
        try:
            path = self._path(key, self.folder)
            stored = json.loads(path.read_text())
            return Kept(dict(stored["answer"]), stored["etag"], path.stat().st_mtime, from_disk=True, is_stale=True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, key: Key, kept: Kept, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "w") as file:
                json.dump({"answer": kept.answer, "etag": kept.etag}, file)
            os.utime(name, (kept.at, kept.at))
            os.replace(name, self._path(key, folder))
        except OSError:
            return


def age_s_of(headers: Mapping[str, str]) -> float:
    """The `Age` of an answer: since when the server could not ask its database. 0 where it could."""
    given = headers.get("age", "")
    return float(given) if given.isdecimal() else 0.0


def default_folder() -> Path:
    """Where prompts are kept when nothing is said: the user's cache folder."""
    base = os.environ.get("BURNISH_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "burnish"


def is_away(error: BurnishError) -> bool:
    """Whether what is known may be served instead: the server cannot be asked, or not now. That it refused is no reason."""
    return isinstance(error, NotReached) or (isinstance(error, ApiError) and (error.status >= 500 or error.status in (408, 429)))


def prompt_of(kept: Kept, source: Source, *, included: Mapping[str, Kept]) -> Prompt:
    """`included`: its snippets, by the name that includes each; one that is stale makes the whole stale."""
    answer, everything = kept.answer, (kept, *included.values())
    return Prompt(
        slug=answer["slug"],
        version=answer.get("version"),
        label=answer.get("label"),
        model=answer.get("model"),
        messages=answer["messages"],
        parameters=answer.get("parameters") or {},
        source=source,
        stale=any(one.is_stale for one in everything),
        age_s=max(0.0, time.time() - min(one.at for one in everything)),
        raw=answer,
        snippets={name: snippet_of(one) for name, one in included.items()},
    )


def prompt_in_code(slug: str, fallback: str | Sequence[Mapping[str, Any]]) -> Prompt:
    """What the application itself says, for the day on which nothing else is known."""
    messages = [{"role": "user", "content": fallback}] if isinstance(fallback, str) else list(fallback)
    return Prompt(slug, None, None, None, messages, {}, "code", True, float("inf"), {"slug": slug, "messages": messages})


def wanted_snippets(kept: Kept, known: Mapping[str, Kept], *, slug: str) -> list[tuple[str, Key]]:
    """Prompts that are included and not known yet: the name that includes each, and what to ask for."""
    includes = list(template.messages.parse_messages(kept.answer["messages"]).includes)
    for one in known.values():
        includes += list(template.messages.includes_of(snippet_of(one).parts))
    wanted = {one.name: Key(one.slug, one.label, one.version) for one in includes if one.name not in known and one.slug != slug}
    return list(wanted.items())


def snippet_of(kept: Kept) -> Any:
    """A prompt that is included, as the template language wants it."""
    return template.snippets.snippet_of(kept.answer["slug"], kept.answer["version"], kept.answer)
