"""Commands of the operator's, on the stack's database."""

import asyncio

from typer.testing import CliRunner, Result

from burnish.main import app
from tests.embedded.stack import KEK, Stack


async def command(stack: Stack, *words: str, given: str = "") -> Result:
    """Runs it as an operator of a deployment would, with the database and the key in the environment."""
    environment = {"DATABASE_URL": stack.urls["owner"], "BURNISH_KEK": KEK}
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), input=given, env=environment)
