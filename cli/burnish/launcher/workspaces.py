"""Workspaces and their first keys, made from the command line by whoever holds the database and the KEK."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from burnish.launcher.files import read_json, write_json
from burnish.launcher.home import Home
from burnish.launcher.users import operators_database
from burnish_shared.errors import NotFound

if TYPE_CHECKING:
    from burnish_shared.auth.keyring import Keyring

DEMO_NAME: Final = "Demo"
DEMO_FILE: Final = "workspace.json"

FIRST_KEY: Final = "admin"
"""Name of the key that a workspace is made with."""

FIRST_CREDIT_NUSD: Final = 100_000_000_000
"""100 dollars of play credit: 10,000 credits."""


@dataclass(frozen=True, slots=True)
class WorkspaceAccess:
    """A workspace with an admin key. The key is shown once and kept nowhere in the database."""

    workspace_id: str
    organization_id: str
    api_key: str
    api_key_id: str


async def make_workspace(
    database_url: str, *, keyring: "Keyring", name: str, credit_nusd: int, organization_id: UUID | None = None, is_operator: bool = False
) -> WorkspaceAccess:
    """A workspace with `credit_nusd` of credit and an admin key, which may also be the operator's.

    `database_url` is the operator's login, not a service's. Raises NotFound for an organization that is not there.
    """
    import asyncpg

    from burnish_shared.auth import provisioning
    from burnish_shared.auth import user_store as store
    from burnish_shared.auth.installation import load_installation_secrets
    from burnish_shared.ids import new_uuid

    async with operators_database(database_url) as database:
        installation = await load_installation_secrets(database, keyring)
        async with database.unit_of_work() as tx:
            try:
                workspace_id, organization, _ = await provisioning.create_workspace(tx, name=name, organization_id=organization_id)
            except asyncpg.ForeignKeyViolationError as error:
                raise NotFound(f"There is no organization {organization_id}.") from error
            if credit_nusd:
                await provisioning.grant_credit(tx, workspace_id=workspace_id, amount_nusd=credit_nusd, reason="first credit")
            key_id, key = await provisioning.create_api_key(
                tx, workspace_id=workspace_id, name=FIRST_KEY, role="admin", pepper=installation.pepper
            )
            if is_operator:
                await provisioning.make_operator(tx, key_id)
            for room in dict.fromkeys((workspace_id, await store.home_of(tx, organization))):  # the organization's admins read there
                await store.note(
                    tx, workspace_id=room, audit_id=new_uuid(), action="workspace.created", kind="workspace", key=str(workspace_id),
                    after={"name": name},
                )  # fmt: skip
            await store.note(
                tx, workspace_id=workspace_id, audit_id=new_uuid(), action="api_key.created", kind="api_key", key=str(key_id),
                after={"name": FIRST_KEY, "role": "admin", "is_operator": is_operator},
            )  # fmt: skip
    return WorkspaceAccess(str(workspace_id), str(organization), key.text, str(key_id))


async def ensure_demo_workspace(home: Home, database_url: str, *, keyring: "Keyring") -> WorkspaceAccess:
    """The demo workspace of this home: the one made in an earlier run while its key is good for this database. Where the key is lost or
    revoked, or the home was restored without it, the same workspace with another key; a new workspace where there is none.
    """
    path = home.path / DEMO_FILE
    stored = read_json(path)
    if isinstance(stored, dict) and await _is_good(database_url, keyring=keyring, stored=stored):
        return WorkspaceAccess(**stored)
    access = await _regain_demo(database_url, keyring=keyring)
    if access is None:
        access = await make_workspace(database_url, keyring=keyring, name=DEMO_NAME, credit_nusd=FIRST_CREDIT_NUSD, is_operator=True)
    write_json(path, asdict(access), is_durable=True)
    return access


async def _regain_demo(database_url: str, *, keyring: "Keyring") -> WorkspaceAccess | None:
    """Another operator's key of the demo workspace that is in this database; None where none is."""
    from burnish_shared.auth import provisioning
    from burnish_shared.auth import user_store as store
    from burnish_shared.auth.installation import load_installation_secrets
    from burnish_shared.db.changes import note_change
    from burnish_shared.ids import new_uuid

    async with operators_database(database_url) as database:
        installation = await load_installation_secrets(database, keyring)
        async with database.unit_of_work() as tx:
            row = await store.find_demo_workspace(tx, key_name=FIRST_KEY)
            if row is None:
                return None
            workspace_id = row["workspace_id"]
            key_id, key = await provisioning.create_api_key(
                tx, workspace_id=workspace_id, name=FIRST_KEY, role="admin", pepper=installation.pepper
            )
            await provisioning.make_operator(tx, key_id)
            await store.note(
                tx, workspace_id=workspace_id, audit_id=new_uuid(), action="api_key.created", kind="api_key", key=str(key_id),
                after={"name": FIRST_KEY, "role": "admin", "is_operator": True},
            )  # fmt: skip
            await note_change(tx, workspace_id=workspace_id, kind="api_key", key=key.prefix)
    return WorkspaceAccess(str(workspace_id), str(row["organization_id"]), key.text, str(key_id))


async def _is_good(database_url: str, *, keyring: "Keyring", stored: dict[str, Any]) -> bool:
    """Whether the stored key would be let in: it is in this database, made with its pepper, and not revoked."""
    from burnish_shared.auth.api_keys import matches, prefix_of
    from burnish_shared.auth.installation import load_installation_secrets
    from burnish_shared.db.session import Database

    database = await Database.open(database_url, application_name="burnish-cli", max_size=1)
    try:
        installation = await load_installation_secrets(database, keyring)
        async with database.unit_of_work(read_only=True) as tx:
            row = await tx.fetchrow("SELECT digest, revoked_at FROM find_api_key($1)", prefix_of(stored.get("api_key", "")) or "")
    finally:
        await database.close()
    return row is not None and row["revoked_at"] is None and matches(stored["api_key"], row["digest"], installation.pepper)
