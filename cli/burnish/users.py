"""`burnish users`: accounts of people, for whoever runs the installation."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import typer

from burnish.counted import counted
from burnish.launcher.home import find_home
from burnish.launcher.operated import find_operated
from burnish.options import HomeOption, JsonOption, name_or_none
from burnish_shared.errors import BurnishError

app = typer.Typer(help="Accounts of people.", no_args_is_help=True)

T = TypeVar("T")

EmailOption = Annotated[str, typer.Option("--email", help="E-mail of the account.")]
UrlOption = Annotated[str, typer.Option("--url", help="Where people reach Burnish; BURNISH_PUBLIC_URL, or the installation in the home.")]
PasswordOption = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input instead of making one.")]


@app.command("create")
def create(
    email: EmailOption,
    name: Annotated[str, typer.Option(help="Name of the person.", callback=name_or_none)] = "",
    workspace: Annotated[UUID | None, typer.Option(help="Id of a workspace to make them a member of.")] = None,
    role: Annotated[Literal["admin", "editor", "viewer"], typer.Option(help="Role in that workspace.")] = "viewer",
    operator: Annotated[bool, typer.Option("--operator", help="May act on the whole installation.")] = False,
    password_stdin: PasswordOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make an account; its password is shown this once unless it was given.

    In the installation that runs in the home or, with DATABASE_URL and BURNISH_KEK set, in the deployment that they belong to.
    """
    from burnish.launcher import users

    password = given_password() if password_stdin else users.random_password()
    user = users.NewUser(folded(email, is_new=True), name, password, is_operator=operator, workspace_id=workspace, role=role)
    user_id = run(users.create_user(find_operated(find_home(home)).database_url, user))
    shown = None if password_stdin else password
    if as_json:
        print(json.dumps({"user_id": str(user_id), "email": user.email, "password": shown}))
    else:
        print(f"User      {user_id}\nE-mail    {user.email}" + (f"\nPassword  {shown}   (shown this once)" if shown else ""))


@app.command("join")
def join(
    email: EmailOption,
    workspace: Annotated[UUID, typer.Option(help="Id of the workspace.")],
    role: Annotated[Literal["admin", "editor", "viewer"], typer.Option(help="Role there.")] = "viewer",
    home: HomeOption = None,
) -> None:
    """Make an account a member of a workspace, or give a member another role."""
    from burnish.launcher import users

    run(users.join(find_operated(find_home(home)).database_url, email=folded(email), workspace_id=workspace, role=role))


@app.command("list")
def list_all(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Show every account."""
    from burnish.launcher import users

    found = run(users.list_users(find_operated(find_home(home)).database_url))
    if as_json:
        print(json.dumps(found, default=str))
        return
    for one in found:
        what = [
            "operator" if one["is_operator"] else "",
            counted(one["workspaces"], "workspace"),
            "disabled" if one["disabled_at"] else "",
            f"last seen {one['last_seen_at']:%Y-%m-%d %H:%M}" if one["last_seen_at"] else "never signed in",
        ]
        print(f"{one['user_id']}  {one['email'] or '(no e-mail)':<40} {', '.join(filter(None, what))}")


@app.command("set-password")
def set_password(email: EmailOption, password_stdin: PasswordOption = False, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Give an account a new password, shown this once unless it was given. All its sessions end."""
    from burnish.launcher import users

    password = given_password() if password_stdin else users.random_password()
    run(users.set_password(find_operated(find_home(home)).database_url, email=folded(email), password=password))
    shown = None if password_stdin else password
    if as_json:
        print(json.dumps({"email": folded(email), "password": shown}))
    elif shown:
        print(f"Password  {shown}   (shown this once)")


@app.command("reset-link")
def reset_link(email: EmailOption, url: UrlOption = "", as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Make a link by which somebody sets a new password: it works once, for an hour. All sessions of the account end then.

    For an operator who is locked out, and for whoever belongs to more workspaces than one admin governs.
    """
    from burnish.launcher import users

    operated = find_operated(find_home(home))
    base_url = url or os.environ.get("BURNISH_PUBLIC_URL") or operated.url
    if not base_url:
        raise typer.BadParameter("say where people reach Burnish, such as https://burnish.example.com", param_hint="--url")
    if not re.match(r"https?://[^/\s]", base_url):
        raise typer.BadParameter(f"{base_url!r} is no address; say it as https://burnish.example.com", param_hint="--url")
    link = run(users.make_reset_link(operated.database_url, email=folded(email), base_url=base_url))
    print(
        json.dumps({"email": folded(email), "url": link})
        if as_json
        else f"Link      {link}\n          (shown this once; works once, for an hour)"
    )


@app.command("disable")
def disable(email: EmailOption, home: HomeOption = None) -> None:
    """Let an account in no more, everywhere within a second. Its memberships and history stay."""
    from burnish.launcher import users

    run(users.set_disabled(find_operated(find_home(home)).database_url, email=folded(email), is_disabled=True))


@app.command("enable")
def enable(email: EmailOption, home: HomeOption = None) -> None:
    """Let a disabled account in again."""
    from burnish.launcher import users

    run(users.set_disabled(find_operated(find_home(home)).database_url, email=folded(email), is_disabled=False))


def run(work: Coroutine[Any, Any, T]) -> T:
    """What it returns. A refusal ends the command with its message."""
    try:
        return asyncio.run(work)
    except BurnishError as error:
        sys.exit(f"burnish: {error.message}")


def folded(email: str, *, is_new: bool = False) -> str:
    """`is_new`: it must also be one that a mail server takes."""
    from burnish_shared.auth.emails import fold_email, fold_new_email

    address = fold_new_email(email) if is_new else fold_email(email)
    if address is None:
        raise typer.BadParameter("must be an e-mail address, such as ada@example.com", param_hint="--email")
    return address


def given_password() -> str:
    """The first line of standard input. Raises BadParameter for what is no text."""
    try:
        return sys.stdin.buffer.readline().decode().rstrip("\n")
    except UnicodeDecodeError as error:
        raise typer.BadParameter("is no text in UTF-8", param_hint="--password-stdin") from error
