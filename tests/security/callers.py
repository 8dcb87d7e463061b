"""Everybody who may knock at a gateway, in one workspace: each role as a key and as a person, narrowed keys, operators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import asyncpg

from burnish_gateway.access.principal import Role
from burnish_gateway.access.scopes import SCOPES
from burnish_shared.auth.provisioning import create_api_key, make_operator
from burnish_shared.db.session import Tx
from tests.embedded.signed_in import make_member, make_session, sign_in
from tests.embedded.stack import Caller, Stack
from tests.embedded.workspaces import Workspace

NEEDED = {"viewer": Role.VIEWER, "editor": Role.EDITOR, "prompt_editor": Role.EDITOR, "admin": Role.ADMIN, "operator": Role.ADMIN}
"""Rule → the least role that it asks for."""


@dataclass(frozen=True, slots=True)
class Asker:
    """One caller, and what is known of them."""

    caller: Caller
    role: Role
    is_operator: bool = False
    is_person: bool = False

    def may(self, rule: str) -> bool:
        """Does the rule let this one in?"""
        if rule == "anyone":
            return True
        if rule == "person":
            return self.is_person
        return rule in NEEDED and self.role >= NEEDED[rule] and (self.is_operator or rule != "operator")

    def is_least_for(self, rule: str) -> bool:
        """Has this one just the role that the rule asks for? Whoever has a higher one passes the same comparison."""
        return rule not in NEEDED or self.role == NEEDED[rule]


@dataclass(frozen=True, slots=True)
class Callers:
    """`askers`: by name. `only`, `all_but`: an admin's keys narrowed to one scope, and to every other one.

    `over`: an admin's sessions that were ended or expired. `forged`: an admin's session as another site's page would use it, without
    its CSRF token, and with another session's.
    """

    askers: Mapping[str, Asker]
    only: Mapping[str, Caller]
    all_but: Mapping[str, Caller]
    over: Sequence[Caller]
    forged: Sequence[Caller]


async def make_callers(stack: Stack, workspace: Workspace) -> Callers:
    """All keys in one transaction: each would else cost a connection."""
    pepper = await stack.pepper()
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    anyone = Caller(stack.session, stack.gateways[0], "", workspace)

    async def make(role: str, *, scopes: tuple[str, ...] = (), is_operator: bool = False) -> Caller:
        api_key_id, key = await create_api_key(
            Tx(connection),
            workspace_id=workspace.workspace_id,
            name="matrix",
            role=role,
            pepper=pepper,
            scopes=scopes,
        )
        if is_operator:
            await make_operator(Tx(connection), api_key_id)
        return replace(anyone, key=key.text)

    try:
        async with connection.transaction():
            askers = {f"a key of role {role.name.lower()}": Asker(await make(role.name.lower()), role) for role in Role}
            askers["the operator's key"] = Asker(await make("admin", is_operator=True), Role.ADMIN, is_operator=True)
            askers["an operator's key that is no admin's"] = Asker(await make("editor", is_operator=True), Role.EDITOR, is_operator=True)
            only = {scope: await make("admin", scopes=(scope,), is_operator=True) for scope in SCOPES}
            others = {scope: tuple(one for one in SCOPES if one != scope) for scope in SCOPES}
            user_id = await make_member(connection, workspace.workspace_id, role="admin")
            over = [replace(anyone, cookie=await make_session(connection, user_id, lasts=timedelta(seconds=-1)), csrf_token="x")]
            over.append(replace(anyone, cookie=await make_session(connection, user_id, is_over=True), csrf_token="x"))
            all_but = {scope: await make("admin", scopes=others[scope], is_operator=True) for scope in SCOPES}
    finally:
        await connection.close()
    for role in Role:
        person, _ = await sign_in(stack, workspace, role=role.name.lower())
        askers[f"a person of role {role.name.lower()}"] = Asker(person, role, is_person=True)
    person, _ = await sign_in(stack, workspace, role="admin", is_operator=True)
    askers["an operator who signed in"] = Asker(person, Role.ADMIN, is_operator=True, is_person=True)
    forged = [replace(person, csrf_token=""), replace(person, csrf_token=askers["a person of role admin"].caller.csrf_token)]
    return Callers(askers, only, all_but, over, forged)
