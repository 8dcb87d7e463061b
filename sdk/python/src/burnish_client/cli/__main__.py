"""The command `burnish`: of the whole installation where it is installed beside the client, else what a developer needs of it."""

import sys


def main() -> None:
    """Entry of the console script. Both packages bring one of this name, and it does not matter which is found."""
    try:
        from burnish.main import main as main_of_everything
    except ModuleNotFoundError as lacking:
        if (lacking.name or "").partition(".")[0] != "burnish":
            raise
        main_of_client()
    else:
        main_of_everything()


def main_of_client() -> None:
    """Without the server. Ends with what to install where typer, rich or PyYAML are not there."""
    try:
        from burnish_client.cli.app import add_absent, app
    except ModuleNotFoundError as lacking:
        sys.exit(f"burnish: {lacking.name} is not installed: pip install 'burnish-client[cli]'")
    add_absent(app)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
