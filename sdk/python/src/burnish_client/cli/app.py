"""The commands of a developer, which talk to Burnish over HTTP. `add_commands` puts them into the server's `burnish` too."""

from collections.abc import Callable
from typing import Annotated, Final

import typer

from burnish_client.cli import datasets, executions, init, moving, optimize, profiles, prompts, running, testing, webhooks
from burnish_client.cli.access import WRONG_USE, stop
from burnish_client.cli.shown import take_all_signs
from burnish_client.wire import VERSION

PANEL = "For developers, over HTTP"

HELP: Final = {"help_option_names": ["-h", "--help"]}
"""What every command and group takes."""

app = typer.Typer(
    name="burnish", help="Burnish, for developers.", no_args_is_help=True, pretty_exceptions_enable=False, context_settings=HELP
)

COMMANDS: Final[tuple[Callable[..., None], ...]] = (
    init.init,
    profiles.login,
    profiles.logout,
    profiles.whoami,
    running.run,
    running.replay,
    running.feedback,
    testing.test,
    optimize.optimize,
    optimize.optimization,
    moving.export,
    moving.import_,
)

OF_THE_SERVER: Final = ("up", "down", "status", "logs", "doctor", "demo", "serve", "migrate", "backup", "restore", "mcp")
"""Commands that only an installation has, as the guides name them."""

GROUPS: Final = {
    "prompts": prompts.app,
    "suggestions": optimize.suggestions,
    "executions": executions.app,
    "datasets": datasets.app,
    "webhooks": webhooks.app,
}


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"burnish {VERSION}")
        raise typer.Exit(0)


def _with_version(
    _: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")] = False,
) -> None:
    """Options before any command."""
    take_all_signs()


def add_absent(to: typer.Typer) -> None:
    """Says of the server's commands, where it is not installed, whose they are. In no list of commands."""
    takes_all = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
    for name in OF_THE_SERVER:
        to.command(name, hidden=True, context_settings=takes_all)(_absent(name))
    webhooks.app.command("listen", hidden=True, context_settings=takes_all)(_absent("webhooks listen"))


def _absent(name: str) -> Callable[[typer.Context], None]:
    def tell(_: typer.Context) -> None:
        other = " An agent without it asks /mcp of the gateway, over HTTP." if name == "mcp" else ""
        stop(
            f"`burnish {name}` comes with the server: `make up` in a clone of Burnish installs it (.venv/bin/burnish).{other}",
            code=WRONG_USE,
        )

    return tell


def add_commands(to: typer.Typer) -> None:
    """Adds every command and group, and `--version`."""
    to.callback()(_with_version)
    for command in COMMANDS:
        to.command(command.__name__.rstrip("_"), rich_help_panel=PANEL)(command)
    for name, group in GROUPS.items():
        to.add_typer(group, name=name, rich_help_panel=PANEL)


add_commands(app)
