"""Every workspace's guardrails and masking, in the memory of a gateway or executor: loaded on first use, dropped by the change sequence."""

from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

import structlog
from asyncpg import Record
from pydantic import TypeAdapter, ValidationError

from burnish_shared.contracts.guardrails import GuardrailSettings, Masking
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.guarding.rules import NONE, BadPattern, Rule, Rules, rule_of, stored_finders

log = structlog.get_logger()

SETTINGS: Final[TypeAdapter[GuardrailSettings]] = TypeAdapter(GuardrailSettings)


@dataclass(slots=True)
class RulesBook:
    """`of` answers from memory but for the first time, and after a change."""

    db: Database
    known: ConfigCache[UUID, Rules] = field(init=False)

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        book = cls(db)
        book.known = ConfigCache(
            book._load,
            feed=feed,
            kinds=frozenset({"guardrail"}),
            touched=lambda known, workspace, _: workspace is None or known == workspace,
            most=50_000,
        )
        return book

    async def of(self, workspace_id: UUID) -> Rules:
        """Raises Unavailable where they cannot be known: nothing goes out unguarded, and no row is written unmasked."""
        return await self.known.get(workspace_id)

    async def _load(self, workspace_id: UUID) -> Rules:
        async with self.db.unit_of_work(workspace=workspace_id, workspaces=[workspace_id], read_only=True) as tx:
            rows = await tx.fetch(
                "SELECT name, prompts, sides, settings FROM guardrails WHERE workspace_id = $1 AND active ORDER BY guardrail_id",
                workspace_id,
            )
            masking = await tx.fetchval("SELECT settings FROM masking WHERE workspace_id = $1", workspace_id)
        if not rows and masking is None:
            return NONE
        try:
            return Rules(tuple(_rule(row) for row in rows), stored_finders(Masking.model_validate(masking)) if masking is not None else ())
        except (ValidationError, BadPattern) as error:
            log.error("guardrails.unreadable", workspace_id=str(workspace_id), error=type(error).__name__)
            raise Unavailable("The guardrails of this workspace cannot be read.", retry_after_s=1) from error


def _rule(row: Record) -> Rule:
    return rule_of(row["name"], SETTINGS.validate_python(row["settings"]), prompts=row["prompts"], sides=row["sides"])
