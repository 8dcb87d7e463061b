"""The commands of a developer, which talk to Burnish over HTTP. `add_commands` puts them into the server's `burnish` too."""

from collections.abc import Callable
from typing import Final

import typer

from burnish_client.cli import datasets, executions, init, optimize, profiles, prompts, running, testing, webhooks

PANEL = "For developers, over HTTP"

app = typer.Typer(name="burnish", help="Burnish, for developers.", no_args_is_help=True, pretty_exceptions_enable=False)

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
)

GROUPS: Final = {
    "prompts": prompts.app,
    "suggestions": optimize.suggestions,
    "executions": executions.app,
    "datasets": datasets.app,
    "webhooks": webhooks.app,
}


def add_commands(to: typer.Typer) -> None:
    """Adds every command and group."""
    for command in COMMANDS:
        to.command(rich_help_panel=PANEL)(command)
    for name, group in GROUPS.items():
        to.add_typer(group, name=name, rich_help_panel=PANEL)


add_commands(app)
