"""`burnish lineage`: the graph of versions and candidates, for graph databases."""

import json
import os
import sys
from typing import Annotated

import typer

from burnish.counted import counted
from burnish.options import JsonOption
from burnish.users import run

app = typer.Typer(help="The lineage of versions and candidates.", no_args_is_help=True)


@app.callback()
def lineage() -> None:
    """Here, so that `sync` stays a command of its own."""


@app.command("sync")
def sync_lineage(
    neo4j: Annotated[str, typer.Option(help="Where Neo4j listens: bolt://host:7687, neo4j+s://….")],
    url: Annotated[str, typer.Option(help="Where Burnish listens.")] = "http://127.0.0.1:18000",
    prompt: Annotated[list[str] | None, typer.Option(help="Only these prompts; all of the workspace when left out.")] = None,
    database: Annotated[str | None, typer.Option(help="Neo4j's database; its usual one when left out.")] = None,
    candidates: Annotated[bool, typer.Option(help="Also texts that searches made.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Write the lineage of a workspace into Neo4j; running it again changes nothing but what is new.

    The key of the workspace is read from $BURNISH_API_KEY, Neo4j's user and password from $NEO4J_USER and $NEO4J_PASSWORD.
    """
    from burnish.lineage_sync import Source, Target, sync

    key = os.environ.get("BURNISH_API_KEY", "")
    if not key:
        sys.exit("Set BURNISH_API_KEY to an API key of the workspace; `burnish keys create` makes one.")
    user, password = os.environ.get("NEO4J_USER", "neo4j"), os.environ.get("NEO4J_PASSWORD")
    target = Target(neo4j, None if password is None else (user, password), database)
    done = run(sync(Source(url.rstrip("/"), key, tuple(prompt or ()), candidates), target))
    if as_json:
        print(json.dumps(done))
    else:
        print(f"In Neo4j: {counted(done['nodes'], 'node')} and {counted(done['edges'], 'edge')} of {counted(done['prompts'], 'prompt')}.")
