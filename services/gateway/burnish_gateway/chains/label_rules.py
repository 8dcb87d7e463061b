"""Protected labels of chains. Nobody approves a chain, so what asks for an approval on a prompt is an admin's to decide here."""

from collections.abc import Collection

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.chains import store
from burnish_gateway.chains.chain import ChainHead
from burnish_gateway.registry.label_rules import rules_of
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden
from burnish_shared.slug import Label


async def protected_from(tx: Tx, principal: Principal, labels: Collection[str]) -> list[str]:
    """Those of the labels that this caller may not decide about, sorted."""
    if principal.role >= Role.ADMIN or not labels:
        return []
    return sorted((await rules_of(tx, principal.workspace_id)).protected & set(labels))


async def check_may_move(tx: Tx, principal: Principal, head: ChainHead, label: Label, *, version: int | None) -> None:
    """`version` None: it is removed. Back to what it has named before it goes freely. Raises Forbidden."""
    if not await protected_from(tx, principal, [label]):
        return
    if version is None or not await store.has_named(tx, head, label, version):
        what = "remove it" if version is None else "move it to a version that it has not named before"
        raise Forbidden(f"The label '{label}' is protected: only an admin of the workspace may {what} on a chain.", param="label")


async def check_may_archive(tx: Tx, principal: Principal, head: ChainHead) -> None:
    """Raises Forbidden."""
    if standing := await protected_from(tx, principal, head.labels):
        raise Forbidden(
            f"The label '{standing[0]}' of '{head.slug}' is protected: only an admin of the workspace may archive the chain.",
            param="archived",
        )
