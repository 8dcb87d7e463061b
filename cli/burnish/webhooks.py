"""`burnish webhooks listen`, beside the commands that need no server."""

from typing import Annotated

import typer

from burnish.options import JsonOption


def listen(
    secret: Annotated[
        str, typer.Option(envvar="BURNISH_WEBHOOK_SECRET", help="whsec_…, as the endpoint was made with; without one nothing is verified.")
    ] = "",
    public_key: Annotated[
        str, typer.Option(envvar="BURNISH_WEBHOOK_PUBLIC_KEY", help="whpk_… of an endpoint with ed25519: the signature v1a is verified.")
    ] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of this machine; 0 for any free one.")] = 8799,
    forward: Annotated[str, typer.Option(help="Send each delivery on to this URL, and answer as it does.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Receive events on this machine, verify their signatures and print them, until Ctrl-C.

    Make an endpoint with the URL that is printed. The operator has to open loopback to webhooks first: BURNISH_EGRESS_ALLOW=127.0.0.0/8.
    """
    import asyncio

    from burnish.webhook_listener import Listener, serve

    try:
        listener = Listener(secret=secret, public_key=public_key, forward=forward, as_json=as_json)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        asyncio.run(serve(listener, port=port))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None  # how it is meant to end
    except OSError as error:
        typer.echo(f"Port {port} of 127.0.0.1 cannot be listened on ({error.strerror}); choose another with --port.", err=True)
        raise typer.Exit(1) from None
