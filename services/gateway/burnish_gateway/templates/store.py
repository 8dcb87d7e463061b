"""The SQL of what only templates that ship need: how often each was used. Those of workspaces are entries of the marketplace."""

from burnish_shared.db.session import Tx


async def uses_of_shipped(tx: Tx) -> dict[str, int]:
    """By the template's name; none where it was never used."""
    return {row["template"]: row["uses"] for row in await tx.fetch("SELECT template, uses FROM template_uses")}


async def count_use(tx: Tx, name: str) -> None:
    await tx.execute("SELECT count_template_use($1)", name)
