"""Words that people say about answers, as their workspace wants them kept: masked as the answer itself is in its record."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from burnish_shared.db.rules_book import RulesBook
from burnish_shared.guarding.arguments import changed_text
from burnish_shared.guarding.masks import blotting
from burnish_shared.guarding.spans import Finder
from burnish_shared.guarding.texts import each_text


async def kept_words(rules: RulesBook, workspace_id: UUID, said: Sequence[Any]) -> Sequence[Any]:
    """The same JSON values with all their texts masked. Slow, so before any transaction.

    Raises Unavailable where nobody can tell what is masked; never where nothing is said.
    """
    if not any(said):
        return said
    finders = (await rules.of(workspace_id)).stored
    return await asyncio.to_thread(_masked, said, finders) if finders else said


def _masked(said: Sequence[Any], finders: Sequence[Finder]) -> Sequence[Any]:
    read = partial(changed_text, editor=blotting(finders))
    return [each_text(one, read) for one in said]
