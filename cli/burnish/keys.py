"""`burnish keys`: API keys, for whoever runs the installation; the only way to an operator's key."""

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import typer

from burnish.launcher import invitations
from burnish.launcher.home import find_home
from burnish.launcher.operated import Operated, find_operated
from burnish.launcher.users import operators_database
from burnish.options import HomeOption, JsonOption, whole_name
from burnish.users import run
from burnish_shared.errors import NotFound

app = typer.Typer(help="API keys.", no_args_is_help=True)

WorkspaceOption = Annotated[UUID, typer.Option("--workspace", help="Id of the workspace.")]
NameOption = Annotated[str, typer.Option(help="Name of the key.", callback=whole_name)]
DaysOption = Annotated[int | None, typer.Option("--expires-days", min=1, max=3650, help="Days after which it ends; never when left out.")]


@app.command("create")
def create(
    workspace: WorkspaceOption,
    name: NameOption = "from the command line",
    role: Annotated[Literal["admin", "editor", "viewer"], typer.Option(help="What the key may do.")] = "editor",
    expires_days: DaysOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make an API key of a workspace, shown this once."""
    _show(run(_make(find_operated(find_home(home)), workspace, name=name, role=role, expires_days=expires_days)), as_json=as_json)


@app.command("operator")
def operator(
    workspace: WorkspaceOption,
    name: NameOption = "operator",
    expires_days: DaysOption = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make an admin key that may also act on the whole installation (plans, grants, suspension), shown this once."""
    made = _make(find_operated(find_home(home)), workspace, name=name, role="admin", expires_days=expires_days, is_operator=True)
    _show(run(made), as_json=as_json)


@app.command("list")
def list_keys(workspace: WorkspaceOption, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Show the API keys of a workspace, never their text."""
    found = run(_list(find_operated(find_home(home)), workspace))
    if as_json:
        print(json.dumps(found, default=str))
        return
    now = datetime.now(UTC)
    for one in found:
        is_over = one["expires_at"] is not None and one["expires_at"] <= now
        state = "revoked" if one["revoked_at"] else "expired" if is_over else "operator" if one["is_operator"] else ""
        print(f"{one['api_key_id']}  {one['prefix']}  {one['role']:<7} {one['name']:<30} {state}".rstrip())


@app.command("revoke")
def revoke(api_key_id: Annotated[UUID, typer.Argument(help="Id of the key.")], home: HomeOption = None) -> None:
    """Revoke an API key, everywhere within a second."""
    run(_revoke(find_operated(find_home(home)), api_key_id))


async def _make(
    operated: Operated, workspace_id: UUID, *, name: str, role: str, expires_days: int | None, is_operator: bool = False
) -> dict[str, Any]:
    from burnish_shared.auth import provisioning
    from burnish_shared.auth import user_store as store
    from burnish_shared.auth.installation import load_installation_secrets
    from burnish_shared.db.changes import note_change
    from burnish_shared.ids import new_uuid

    async with operators_database(operated.database_url) as db:
        secrets = await load_installation_secrets(db, operated.keyring)
        async with db.unit_of_work() as tx:
            if not await store.has_workspace(tx, workspace_id):
                raise NotFound(f"There is no workspace {workspace_id}.")
            expires_at = datetime.now(UTC) + timedelta(days=expires_days) if expires_days is not None else None
            api_key_id, key = await provisioning.create_api_key(
                tx, workspace_id=workspace_id, name=name, role=role, pepper=secrets.pepper, expires_at=expires_at
            )
            if is_operator:
                await provisioning.make_operator(tx, api_key_id)
            await store.note(
                tx, workspace_id=workspace_id, audit_id=new_uuid(), action="api_key.created", kind="api_key", key=str(api_key_id),
                after={"name": name, "role": role, "is_operator": is_operator},
            )  # fmt: skip
            await note_change(tx, workspace_id=workspace_id, kind="api_key", key=key.prefix)
    return {"api_key_id": str(api_key_id), "workspace_id": str(workspace_id), "api_key": key.text}


async def _list(operated: Operated, workspace_id: UUID) -> list[dict[str, Any]]:
    from burnish_shared.auth import user_store as store

    async with operators_database(operated.database_url) as db, db.unit_of_work() as tx:
        if not await store.has_workspace(tx, workspace_id):
            raise NotFound(f"There is no workspace {workspace_id}.")
        return [dict(row) for row in await store.list_keys(tx, workspace_id)]


async def _revoke(operated: Operated, api_key_id: UUID) -> None:
    from burnish_shared.auth import user_store as store
    from burnish_shared.db.changes import note_change
    from burnish_shared.ids import new_uuid

    async with operators_database(operated.database_url) as db, db.unit_of_work() as tx:
        workspace_id = await store.workspace_of_key(tx, api_key_id)
        if workspace_id is not None:
            await invitations.take_turns(tx, [workspace_id])
        row = await store.revoke_key(tx, api_key_id)
        if row is None:
            raise NotFound(f"There is no API key {api_key_id}.")
        await store.note(
            tx, workspace_id=row["workspace_id"], audit_id=new_uuid(), action="api_key.revoked", kind="api_key", key=str(api_key_id),
            after={"name": row["name"]},
        )  # fmt: skip
        await invitations.take_back(tx, [row["workspace_id"]], maker=f"api_key:{api_key_id}")
        await note_change(tx, workspace_id=row["workspace_id"], kind="api_key", key=row["prefix"])


def _show(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(made))
        return
    print(made["api_key"])
    print(f"Id {made['api_key_id']}. The key is shown this once.", file=sys.stderr)
