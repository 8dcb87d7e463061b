"""The command `burnish`. Each command loads only what it needs, so that `burnish status` answers at once."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from burnish.backup.commands import backup, release_webhooks, restore
from burnish.counted import counted
from burnish.dead_letters import app as dlq_app
from burnish.embedded.child import StartFailed
from burnish.ending import take_sigterm_as_ctrl_c
from burnish.kek import app as kek_app
from burnish.keys import app as keys_app
from burnish.launcher.home import Home, find_home
from burnish.lineage import app as lineage_app
from burnish.options import HomeOption, JsonOption, named, whole_name
from burnish.told import in_words
from burnish.users import app as users_app
from burnish.users import run as run_told
from burnish.webhooks import listen
from burnish_client.cli.access import ProfileOption
from burnish_client.cli.app import HELP, add_commands
from burnish_client.cli.webhooks import app as webhooks_app
from burnish_shared.refusal import StartRefused

app = typer.Typer(
    name="burnish", help="The closed-loop prompt platform.", no_args_is_help=True, pretty_exceptions_enable=False, context_settings=HELP
)
workspace_app = typer.Typer(help="Workspaces.", no_args_is_help=True)
app.add_typer(workspace_app, name="workspace")
app.add_typer(users_app, name="users")
app.add_typer(keys_app, name="keys")
app.add_typer(kek_app, name="kek")
app.add_typer(dlq_app, name="dlq")
app.add_typer(lineage_app, name="lineage")
add_commands(app)
app.command()(backup)
app.command()(restore)
webhooks_app.command()(listen)
webhooks_app.info.help = "Webhooks: deliveries, sending them again, and receiving them on this machine."
webhooks_app.command("release")(release_webhooks)


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything is ready and leave it running.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
    port: Annotated[
        int | None, typer.Option(envvar="BURNISH_PORT", help="Port of the API; the next free one when taken.", min=1, max=65535)
    ] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Drive the whole loop once, the first time; never with --json.")] = True,
    replicas: Annotated[str, typer.Option(help="Processes per service, such as gateway=2,executor=2.")] = "",
) -> None:
    """Start PostgreSQL, NATS and all services, and keep them running."""
    from burnish.launcher import up as launch
    from burnish.launcher.launch import Options
    from burnish.launcher.offer_models import offer_models
    from burnish.launcher.services import parse_replicas

    place = find_home(home)
    try:
        options = Options(port=port, replicas=parse_replicas(replicas))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--replicas") from error

    def drive_the_loop() -> int:
        offer_models(place)
        return _first_demo(place) if demo and not as_json else 0

    take_sigterm_as_ctrl_c()
    start = launch.up_detached if detach else launch.up_in_foreground
    raise typer.Exit(start(place, options, as_json=as_json, once_ready=drive_the_loop))


@app.command()
def down(home: HomeOption = None) -> None:
    """Stop everything in order; the data stays."""
    from burnish.launcher.up import down as stop

    raise typer.Exit(stop(find_home(home)))


@app.command()
def status(as_json: JsonOption = False, home: HomeOption = None) -> None:
    """Show what runs, where, and how often it was started again."""
    from burnish.launcher.build import present_build
    from burnish.launcher.state import present_state

    state = present_state(find_home(home))
    if as_json:
        print(json.dumps(state.to_json()))
        return
    print(f"{state.state}   {state.url or ''}   home {state.home}" + (f"   pid {state.pid}" if state.pid else ""))
    if state.error:
        print(state.error)
    for name, pid in state.pids.items():
        again = state.restarts.get(name, 0)
        port = state.ports.get(name)
        restarts = f"started again {counted(again, 'time')}" if again else ""
        print(f"  {name:<14} pid {pid:<8} {f'port {port}' if port else '':<12} {restarts}".rstrip())
    if state.state == "ready" and state.build != present_build():
        print("  the code was changed since it was started; `burnish up --detach` starts it again with it")
    if state.missing and state.pids:
        print(f"  not installed: {', '.join(state.missing)}")


@app.command()
def logs(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[PROCESS]...", help="Such as gateway, postgres, launcher; all when none.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Last lines of each.")] = 20,
    home: HomeOption = None,
) -> None:
    """Show the logs of the processes, each line with the name of its process."""
    from burnish.launcher.logs import LogReader
    from burnish.launcher.logs import follow as follow_logs

    place = find_home(home)
    if not place.logs.is_dir():
        print(f"burnish: nothing has run in {place.path} yet. `burnish up` starts it there.", file=sys.stderr)
        raise typer.Exit(1)
    reader = LogReader(place.logs, names=names or ())
    if unknown := reader.unknown():
        there = ", ".join(reader.processes())
        print(f"burnish: {', '.join(unknown)} has written nothing in {place.path}. There are: {there}.", file=sys.stderr)
        if not follow:
            raise typer.Exit(1)
    for line in reader.last(lines):
        print(line)
    if follow:
        try:
            follow_logs(reader)
        except KeyboardInterrupt:
            raise typer.Exit(0) from None


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help="gateway, executor, optimizer, analytics, webhooks, simulator or provisioner.")],
) -> None:
    """Run one service in this process, with its settings from the environment."""
    from burnish.launcher.services import service_named
    from burnish.serve import serve as run

    try:
        service_named(service)
    except KeyError as error:
        raise typer.BadParameter(str(error.args[0])) from error
    run(service)


@app.command()
def migrate(
    home: HomeOption = None,
    target: Annotated[str, typer.Option(help="Revision to go to.")] = "head",
    down_to: Annotated[bool, typer.Option("--down", help="Go back to the target instead of forward.")] = False,
) -> None:
    """Bring the database to the newest schema, and set up logins and streams where their passwords are given.

    The database is DATABASE_URL (a login that may create roles), or the one that runs in the home. Logins of the services are made
    when BURNISH_PG_PASSWORD_<SERVICE> is set for each; streams when NATS_URL (the provisioner) is set; the simulated models are
    called at BURNISH_SIMULATOR_URL when that is set.
    """
    from burnish.migration import migrate_everything

    raise typer.Exit(migrate_everything(find_home(home), target=target, is_down=down_to))


@app.command()
def secrets(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder that is kept; each part of the deployment is given its own below it.", metavar="FOLDER", parser=named),
    ],
    nats_conf: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="deploy/nats/nats.conf")],
    postgres: Annotated[str, typer.Option(help="host:port of PostgreSQL.")] = "postgres:5432",
    nats: Annotated[str, typer.Option(help="host:port of NATS.")] = "nats:4222",
) -> None:
    """Make the passwords and keys of a deployment in containers, once; what the environment names is taken instead.

    The compose file runs this first. A part reads its own by BURNISH_ENV_FILE.
    """
    from burnish.deployment_secrets import Servers, write_deployment_secrets

    parts = write_deployment_secrets(folder, nats_conf=nats_conf.read_text(), servers=Servers(postgres=postgres, nats=nats))
    print(f"Secrets for {', '.join(parts)} are in {folder}.", file=sys.stderr)


@workspace_app.command("create")
def create_workspace(
    name: Annotated[str, typer.Argument(help="Name of the workspace.", callback=whole_name)],
    credits_: Annotated[
        int, typer.Option("--credits", min=0, max=1_000_000_000, help="Credits to begin with; one credit is one US cent.")
    ] = 10_000,
    organization: Annotated[UUID | None, typer.Option(help="Id of the organization; a new one when left out.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Make a workspace with an admin key, which is shown this once.

    In the installation that runs in the home or, with DATABASE_URL and BURNISH_KEK set, in the deployment that they belong to.
    """
    from dataclasses import asdict

    from burnish.launcher.operated import find_operated
    from burnish.launcher.workspaces import make_workspace
    from burnish_shared.money import NUSD_PER_CREDIT

    place = find_home(home)
    operated = find_operated(place)
    making = make_workspace(
        operated.database_url, keyring=operated.keyring, name=name, credit_nusd=credits_ * NUSD_PER_CREDIT, organization_id=organization
    )
    access = run_told(making)
    if as_json:
        print(json.dumps(asdict(access)))
    else:
        print(f"Workspace  {access.workspace_id}\nAPI key    {access.api_key}   (shown this once)")


@app.command()
def demo(
    as_json: JsonOption = False,
    data: Annotated[
        Path | None, typer.Option("--data", help="JSONL of input, expected, split; our own support tickets when absent.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=20_000, help="Which tickets come, what users do, the dice of the search.")] = 1,
    evaluations: Annotated[
        int, typer.Option(min=156, max=20_000, help="Budget of the search; with our own tickets it takes 828 to begin.")
    ] = 2_500,
    home: HomeOption = None,
) -> None:
    """Drive the whole loop once in the demo workspace, showing each step with its numbers. Each run makes a prompt of its own."""
    import burnish.demo

    take_sigterm_as_ctrl_c()
    raise typer.Exit(burnish.demo.run(_connection(find_home(home)), as_json=as_json, data=data, seed=seed, evaluations=evaluations))


@app.command()
def mcp(
    url: Annotated[str, typer.Option(help="Address of Burnish.  [default: $BURNISH_BASE_URL, or what runs in the home]")] = "",
    profile: ProfileOption = None,
    home: HomeOption = None,
) -> None:
    """Serve prompts and tools to an agent over standard input and output (the Model Context Protocol).

    With the key of a login, the one in BURNISH_API_KEY, or that of the installation in the home. What it may not do is refused.
    """
    import asyncio

    from burnish.mcp_stdio import Away, find_server, serve

    try:
        url, key = find_server(find_home(home), url=url, profile=profile)
    except Away as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    asyncio.run(serve(url, key))


@app.command()
def doctor(
    audit: Annotated[bool, typer.Option("--audit", help="Check the books; exit 0 only when they are right.")] = False,
    journal: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A client's own list of execution ids.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Look whether everything runs and, with --audit, whether the books are right.

    Of the installation in the home or, with DATABASE_URL (the operator's login) and NATS_URL set, of the deployment they belong to.
    """
    from burnish.examination import examine

    if journal is not None and not audit:
        raise typer.BadParameter("is compared with the books: say --audit too", param_hint="--journal")
    raise typer.Exit(examine(find_home(home), with_audit=audit, journal=journal, as_json=as_json))


def main() -> None:
    """Entry of the console script."""
    try:
        _take_environment_file()
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except (StartFailed, StartRefused) as refusal:
        sys.exit(f"burnish: {refusal}")
    except Exception as failure:  # The edge of the program: what is nobody's fault here is told in a line.
        said = in_words(failure)
        if said is None:
            raise
        sys.exit(f"burnish: {said}")


def _connection(home: Home) -> dict[str, Any]:
    """How to reach the running installation. Ends the command with what to do when none runs."""
    from burnish.launcher.state import running_connection

    connection = running_connection(home)
    if connection is None:
        print(f"Nothing runs in {home.path}. Start it with `burnish up --detach`, or name another home with --home.", file=sys.stderr)
        raise typer.Exit(1)
    return connection


def _first_demo(home: Home) -> int:
    """Drives the loop when it was never driven in this home; what came of it is kept there."""
    from functools import partial

    from burnish.demo import run
    from burnish.launcher.files import read_json, write_json

    if read_json(home.demo_record) is not None:
        return 0
    code = run(_connection(home), as_json=False, keep=partial(write_json, home.demo_record))
    if code != 0:
        print("The demo did not come to its end; Burnish itself runs.", file=sys.stderr)
    return code


def _take_environment_file() -> None:
    """What BURNISH_ENV_FILE names, for containers whose secrets lie in a file; what the environment says itself counts more."""
    if path := os.environ.get("BURNISH_ENV_FILE"):
        from burnish.deployment_secrets import read_environment_file

        for name, value in read_environment_file(Path(path)).items():
            os.environ.setdefault(name, value)


if __name__ == "__main__":
    main()
