"""`burnish export` and `burnish import`: prompts with their history, chains, datasets and experiments, as one file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from burnish_client.cli.access import NO, NOT_REACHED, WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.files import STANDARD, check_free, write_whole
from burnish_client.cli.shown import print_json, print_table, say

LISTS = {"prompts": "prompt", "chains": "chain", "datasets": "dataset", "models": "model", "experiments": "experiment"}
"""Of the answer → what one of it is called in the table."""

NAMES = ("slug", "name", "model")
ADDED = ("versions_added", "items_added")

_Row = tuple[str, str, str, "int | None", "str | None"]


def export(
    file: Annotated[Path, typer.Argument(help="Where to; - is standard output.")],
    folder: Annotated[str | None, typer.Option(help="Prompts of this folder and below alone, without datasets.")] = None,
    force: Annotated[bool, typer.Option("--force", help="In place of the file that is there.")] = False,
    profile: ProfileOption = None,
) -> None:
    """Write prompts with every version, label and lineage, chains, datasets and experiments into one file. Needs an admin's key.

    The file names nothing of the installation: the same workspace gives the same bytes, and `burnish import` takes it elsewhere.
    """
    check_free(file, force=force)
    with reaching(profile) as burnish:
        query = {"scope": "prompts"} | ({"folder": folder} if folder is not None else {})
        bundle = burnish.request_raw("GET", "/v1/export", query=query).content
    held = _prompts_in(bundle)
    if held is None:
        stop("What answered is no bundle of Burnish: nothing is written. Is it its address?", code=NOT_REACHED)
    if folder is not None and not held:
        stop(f"No prompt is in the folder '{folder}': nothing is written.", code=NO)
    write_whole(file, [bundle])
    if file != STANDARD:
        print(f"{file}: {len(bundle):,} bytes.", file=sys.stderr)


def _prompts_in(bundle: bytes) -> list[Any] | None:
    """None where it is none: a page for signing in answers everything with 200."""
    try:
        said = json.loads(bundle)
        return list(said["prompts"])
    except (ValueError, TypeError, LookupError):
        return None


def import_(
    file: Annotated[Path, typer.Argument(help="What to bring in; - is standard input.")],
    format_: Annotated[
        Literal["bundle", "dspy", "langfuse", "litellm", "openai", "promptfoo", "source", "tensorzero"],
        typer.Option("--format", help="Whose file it is; `bundle` is what `burnish export` writes."),
    ] = "bundle",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    model: Annotated[str | None, typer.Option(help="For prompts of other tools' files that name none; `auto` without.")] = None,
    name: Annotated[str | None, typer.Option(help="Of a file of promptfoo or DSPy: what its prompts, and its dataset, are called.")] = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Bring in a file of `burnish export`, or of another tool. The same file twice changes nothing the second time. Needs an admin's key.

    Ends with 1 where something of the file was left alone: a prompt whose history here is another one, a model that is refused,
    a line, an item or a setting that was left out (`left_out` of --json counts them); with 2 where it holds nothing.
    """
    try:
        content = sys.stdin.buffer.read() if file == STANDARD else file.read_bytes()
    except OSError as fault:
        stop(f"{file} cannot be read: {fault.strerror}.", code=WRONG_USE)
    said_of = "Standard input" if file == STANDARD else str(file)
    if not content.strip():
        stop(f"{said_of} is empty.", code=WRONG_USE)
    if format_ in ("promptfoo", "tensorzero") and file != STANDARD:
        content = _with_files(content, file, format_)
    given = {"format": format_, "dry_run": "true" if dry_run else None, "model": model, "name": name}
    with reaching(profile) as burnish:
        answer = burnish.request(
            "POST", "/v1/import", query={key: value for key, value in given.items() if value is not None}, content=content,
            headers={"content-type": "application/yaml" if format_ in ("litellm", "promptfoo") else "application/json"},
        )  # fmt: skip
        rows, notes = list(_rows(answer)), list(answer["notes"])
        left_out = answer["left_out"] if "left_out" in answer else _tells_of_loss(rows, notes)
    if as_json:
        print_json(answer)
    else:
        if rows:
            print_table(("what", "name", "outcome", "added"), [row[:4] for row in rows], empty="")
        for said in [*(row[4] for row in rows if row[4]), *notes]:
            say(said, on_stderr=True)
        if dry_run:
            print("Nothing was changed: --dry-run.", file=sys.stderr)
    if not rows:
        stop(f"{said_of} holds nothing to bring in. It was read as '{format_}'; --format says whose file it is.", code=WRONG_USE)
    if left_out:
        raise typer.Exit(NO)


def _with_files(content: bytes, file: Path, kind: Literal["promptfoo", "tensorzero"]) -> bytes:
    """Paths in a configuration begin at its folder."""
    from burnish_client.cli import promptfoo_files, tensorzero_files
    from burnish_client.cli.given import BadGiven

    try:
        if kind == "promptfoo":
            return promptfoo_files.with_files(content, file.parent)
        return tensorzero_files.with_files(content, file.parent)
    except BadGiven as fault:
        stop(str(fault), code=WRONG_USE)


def _tells_of_loss(rows: Iterable[_Row], notes: Iterable[str]) -> bool:
    """Of the answer of an earlier gateway, which counts nothing: by outcomes and by words of its notes, the last for those not listed."""
    is_told = any("left out" in note or "more notes" in note for note in notes)
    return is_told or any(row[2] in ("conflict", "refused") for row in rows)


def _rows(answer: Mapping[str, Any]) -> Iterator[_Row]:
    """What, its name, its outcome, how much was added, and why not; executions as one line, where there are any."""
    for key, what in LISTS.items():
        for one in answer[key]:
            name = next(one[field] for field in NAMES if field in one)
            why = one.get("reason")
            yield what, name, one["outcome"], next((one[field] for field in ADDED if field in one), None), why and f"{name}: {why}"
    if found := answer["executions"]["found"]:
        added = answer["executions"]["added"]
        yield "executions", f"{found} in the file", "created" if added else "unchanged", added, None
