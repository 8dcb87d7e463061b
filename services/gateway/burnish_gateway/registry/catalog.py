"""Prompts in memory, for the hot path: no request looks one up in PostgreSQL twice (DESIGN 4.1).

What a name means (a prompt and its labels) is kept until the change sequence says that it changed. Versions never change, so they
are only bounded in number. While PostgreSQL is away, what is known is served, and `stale_for_s` says how old it may be.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from burnish_gateway.registry import store
from burnish_gateway.registry.prompt import Head, Version, check_not_archived, no_such_prompt
from burnish_gateway.registry.variants import ModelText, text_for
from burnish_gateway.registry.version_cache import VersionCache
from burnish_gateway.registry.version_checks import InputChecks, input_checks_of, output_checks_of
from burnish_shared.contracts.checks import OutputChecks
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import Conflict, InvalidField, NotFound, Unavailable
from burnish_shared.nearest_examples import NearestExamples
from burnish_shared.prompt_settings import DEFAULT_TIMEOUT_S
from burnish_shared.slug import Label, Slug, parse_label, parse_slug
from burnish_shared.template import PromptTemplate
from burnish_shared.template.snippets import Snippet, gather, snippet_of
from burnish_shared.template.syntax import Include

MOST_PROMPTS: Final = 10_000
MOST_VERSION_BYTES: Final = 67_108_864
"""Of content as JSON; parsed it takes about three times as much. A version has at most 512 KiB, usually 2."""

MOST_SNIPPETS: Final = 5_000
MOST_WHOLE: Final = 2_000
"""Versions with their snippets in place."""

FRESH_FOR_S: Final = 2.0
"""The change sequence is read every 0.5 s; what was confirmed less than this ago counts as fresh."""


@dataclass(frozen=True, slots=True)
class ResolvedVersion:
    """A version as an execution needs it. Treat the contained mappings as frozen: all requests share them.

    `label` is the one it was reached by, None where a number was named. `settings` holds only what was given.
    """

    prompt_id: UUID
    slug: Slug
    version: int
    label: Label | None
    template: PromptTemplate
    model: str
    provider: str | None
    settings: Mapping[str, Any]
    output_format: str
    json_schema: Mapping[str, Any] | None
    parameters: Mapping[str, Any]
    timeout_s: float
    fallback_models: tuple[str, ...]
    fallback_cheaper: bool
    fallback_version: int | None
    retries: int | None
    retry_wait_most_s: float | None
    requirements: Mapping[str, Any] | None
    cache: Mapping[str, Any] | None
    cacheable_messages: int
    input_checks: InputChecks | None
    output_checks: OutputChecks | None
    record: Version
    size_bytes: int
    variants: tuple[ModelText, ...] = ()
    examples: NearestExamples | None = None
    """Those that are chosen for each call."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the provider's own format."""
    includes: tuple[Include, ...] = ()
    snippets: tuple[tuple[str, int], ...] = ()
    """What its includes mean at this moment, those of its snippets too: each name and version."""
    archived: bool = False
    broken: str | None = None
    """Why its snippets cannot be put in, where they cannot: it can be read, and not rendered."""

    @property
    def meaning(self) -> str:
        """Of a version that includes others: a part of its ETag that changes with them. Empty for others."""
        if not self.includes:
            return ""
        return "-" + hashlib.sha256(repr((self.snippets, self.broken)).encode()).hexdigest()[:12]

    def text_for(self, model: str) -> PromptTemplate:
        """What this model is asked with."""
        return text_for(model, self.template, self.variants) if self.variants else self.template


@dataclass(frozen=True, slots=True)
class _VersionKey:
    workspace_id: UUID
    slug: Slug
    prompt_id: UUID
    version: int


_WholeKey = tuple[UUID, int, tuple[tuple[str, int], ...]]
"""Prompt, version, and for each name the identity of the snippet that it means; the snippets are kept beside, so none is another's."""


class Catalog:
    """Shared by all requests of a gateway."""

    def __init__(
        self, db: Database, *, feed: ChangeFeed, most_prompts: int = MOST_PROMPTS, most_version_bytes: int = MOST_VERSION_BYTES
    ) -> None:
        self._db = db
        self._feed = feed
        self._look: asyncio.Task[None] | None = None
        self._heads: ConfigCache[tuple[UUID, Slug], Head] = ConfigCache(
            self._load_head, feed=feed, kinds=frozenset({"prompt"}), touched=_is_about, most=most_prompts
        )
        self._versions: VersionCache[_VersionKey, ResolvedVersion] = VersionCache(
            self._load_version, size_bytes=_size_bytes, most_bytes=most_version_bytes
        )
        self._snippets: VersionCache[_VersionKey, Snippet] = VersionCache(
            self._load_snippet, size_bytes=lambda _: 1, most_bytes=MOST_SNIPPETS
        )
        self._whole: OrderedDict[_WholeKey, tuple[ResolvedVersion, dict[str, Snippet]]] = OrderedDict()

    @property
    def stale_for_s(self) -> float:
        """Seconds since what is served was last known to be true; 0 while it is fresh."""
        age_s = self._feed.stale_for_s
        return age_s if age_s > FRESH_FOR_S else 0.0

    async def resolve(self, workspace_id: UUID, slug: str, *, label: str | None = None, version: int | None = None) -> ResolvedVersion:
        """The version that a label (where neither is given: `production`) or a number names.

        Raises NotFound, the same for what is absent, removed or another tenant's; InvalidField for what is no name; Unavailable where
        it is not known and PostgreSQL is away.
        """
        _, resolved = await self.find(workspace_id, slug, label=label, version=version)
        return resolved

    async def find(
        self, workspace_id: UUID, slug: str, *, label: str | None = None, version: int | None = None
    ) -> tuple[Head, ResolvedVersion]:
        """As `resolve`, with the prompt and all its labels."""
        name, wanted = parse_slug(slug, param="prompt"), None if label is None else parse_label(label)
        try:
            head = await self._heads.get((workspace_id, name))
            number, reached_by = head.named(label=wanted, version=version)
        except NotFound:
            # What is unknown may have been made a moment ago through another gateway: ask before saying no.
            await self.catch_up()
            head = await self._heads.get((workspace_id, name))
            number, reached_by = head.named(label=wanted, version=version)
        found = await self._versions.get(_VersionKey(workspace_id, name, head.prompt.prompt_id, number))
        if found.includes:
            found = await self._with_snippets(workspace_id, found)
        archived = head.prompt.archived_at is not None
        return head, replace(found, label=reached_by, archived=archived) if archived or reached_by is not None else found

    async def in_use(self, workspace_id: UUID, slug: str, *, label: str | None = None, version: int | None = None) -> ResolvedVersion:
        """As `resolve`, for whoever executes or renders.

        Raises Conflict, besides, for a prompt that was archived, and for one that includes what is not there any more.
        """
        head, resolved = await self.find(workspace_id, slug, label=label, version=version)
        if resolved.archived:
            check_not_archived(head.prompt)
        if resolved.broken is not None:
            raise Conflict(f"The prompt '{resolved.slug}' cannot be put together: {resolved.broken}", param="prompt")
        return resolved

    async def _with_snippets(self, workspace_id: UUID, found: ResolvedVersion) -> ResolvedVersion:
        """The version with its snippets in their places. What they mean is looked up in memory each time, and put together once."""
        try:
            snippets = await self._gathered(workspace_id, found)
        except InvalidField:
            await self.catch_up()  # it may have been made a moment ago through another gateway
            try:
                snippets = await self._gathered(workspace_id, found)
            except InvalidField as error:
                return replace(found, broken=error.message)
        meaning = tuple(sorted((name, one.version) for name, one in snippets.items()))
        key = (found.prompt_id, found.version, tuple(sorted((name, id(one)) for name, one in snippets.items())))
        known = self._whole.get(key)
        if known is None:
            content = found.record.content
            try:
                template, variants = content.template(snippets, slug=found.slug), content.variants(snippets, slug=found.slug)
            except InvalidField as error:
                return replace(found, broken=error.message)
            known = self._whole[key] = (replace(found, template=template, variants=variants, snippets=meaning), snippets)
            while len(self._whole) > MOST_WHOLE:
                self._whole.popitem(last=False)
        return known[0]

    async def _gathered(self, workspace_id: UUID, found: ResolvedVersion) -> dict[str, Snippet]:
        async def load(wanted: Sequence[Include]) -> dict[str, Snippet]:
            known = [(one.name, await self._snippet(workspace_id, one)) for one in wanted]
            return {name: snippet for name, snippet in known if snippet is not None}

        return await gather(found.includes, load)

    async def _snippet(self, workspace_id: UUID, include: Include) -> Snippet | None:
        try:
            head = await self._heads.get((workspace_id, Slug(include.slug)))
            number, _ = head.named(label=None if include.label is None else Label(include.label), version=include.version)
            if head.prompt.archived_at is not None:
                return None
            return await self._snippets.get(_VersionKey(workspace_id, Slug(include.slug), head.prompt.prompt_id, number))
        except NotFound:
            return None

    async def _load_snippet(self, key: _VersionKey) -> Snippet:
        found = await self._versions.get(key)
        return snippet_of(key.slug, key.version, found.record.content.fields())

    async def catch_up(self) -> None:
        """Reads the change sequence by a query that begins after this call; those who ask meanwhile share one.

        Says nothing where PostgreSQL is away: then what is known stays.
        """
        if self._look is not None and not self._look.done():
            await asyncio.wait([self._look])
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(self._feed.look())
        with suppress(Unavailable):
            await asyncio.shield(self._look)

    async def _load_head(self, key: tuple[UUID, Slug]) -> Head:
        workspace_id, slug = key
        async with self._db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            head = await store.find_head(tx, workspace_id, slug)
        if head is None:
            raise no_such_prompt(slug)
        return head

    async def _load_version(self, key: _VersionKey) -> ResolvedVersion:
        async with self._db.unit_of_work(workspace=key.workspace_id, read_only=True) as tx:
            version = await store.find_version(tx, key.workspace_id, key.prompt_id, key.version)
        if version is None:
            raise no_such_prompt(key.slug, version=key.version)
        spec = version.content.spec
        return ResolvedVersion(
            prompt_id=key.prompt_id,
            slug=key.slug,
            version=version.version,
            label=None,
            template=version.content.template(),
            model=version.content.model,
            provider=version.content.provider,
            settings=version.content.settings,
            output_format=spec.get("output_format", "text"),
            json_schema=spec.get("json_schema"),
            parameters=spec.get("parameters", {}),
            timeout_s=spec.get("timeout_s", DEFAULT_TIMEOUT_S),
            fallback_models=tuple(spec.get("fallback_models", ())),
            fallback_cheaper=spec.get("fallback_cheaper", False),
            fallback_version=spec.get("fallback_version"),
            retries=spec.get("retry_policy", {}).get("retries"),
            retry_wait_most_s=spec.get("retry_policy", {}).get("wait_most_s"),
            requirements=spec.get("requirements"),
            cache=spec.get("cache"),
            cacheable_messages=spec.get("cacheable_messages", 0),
            input_checks=input_checks_of(spec),
            output_checks=output_checks_of(spec),
            record=version,
            size_bytes=version.content.size_bytes(),
            variants=version.content.variants(),
            examples=NearestExamples.of(spec.get("examples")),
            extra=spec.get("extra", {}),
            includes=version.content.includes(),
        )


def _size_bytes(version: ResolvedVersion) -> int:
    return version.size_bytes


def _is_about(key: tuple[UUID, Slug], workspace_id: UUID | None, changed: str) -> bool:
    return workspace_id is None or key == (workspace_id, changed)
