"""Slugs that alerts could be about: a misspelt one would tell nobody of anything, or mute nothing."""

from collections.abc import Sequence

from burnish_gateway.alerts import store
from burnish_shared.contracts.alert_channels import OF_NO_PROMPT, ToldKind
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField


async def check_prompts(tx: Tx, slugs: Sequence[str], *, kinds: Sequence[ToldKind], param: str) -> None:
    """Raises InvalidField for a slug that is neither a prompt's nor that of something imported that is watched, and where no alert of the
    `kinds` (none: all) is about a prompt."""
    if slugs and kinds and OF_NO_PROMPT.issuperset(kinds):
        raise InvalidField(f"{param}: alerts of kind {' or '.join(kinds)} are about no prompt; leave it out.", param=param)
    missing = await store.unknown_slug(tx, slugs)
    if missing is not None:
        raise InvalidField(f"{param}: there is no prompt {missing!r}; GET /v1/prompts lists them.", param=param)
