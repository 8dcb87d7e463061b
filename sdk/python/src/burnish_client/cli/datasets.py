"""`burnish datasets`: cases with the right answer, from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from burnish_client.cli.access import WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.given import BadGiven, mapping_of, upload
from burnish_client.cli.shown import print_json, print_table

app = typer.Typer(help="Datasets: cases with the right answer.", no_args_is_help=True)


@app.command("list")
def list_datasets(as_json: JsonOption = False, profile: ProfileOption = None) -> None:
    """Show datasets, the newest first."""
    with reaching(profile) as burnish:
        found = list(burnish.list("/v1/datasets", limit=200))
        rows = [] if as_json else [_row(one) for one in found]
    if as_json:
        return print_json(found)
    return print_table(("name", "train", "validation", "test", "version", "id"), rows, empty="There are no datasets yet.")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    return (one["name"], *(one["counts"].get(split, 0) for split in ("train", "validation", "test")), one["version"], one["id"])


@app.command("upload")
def upload_dataset(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSONL, or CSV (also .txt), with input, expected, maybe split.")
    ],
    name: Annotated[str | None, typer.Option(help="Its name; without one the file's, and the same content is uploaded once.")] = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None, typer.Option(help="Of items that do not say it; else a hash decides.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=FIELD, again for each: what a column is that the file names otherwise. - leaves it out."),
    ] = None,
    keep_blank: Annotated[
        bool, typer.Option("--keep-blank", help="Lines without a right answer become items that evaluators judge.")
    ] = False,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Make a dataset of a file, and print its id."""
    with reaching(profile) as burnish:
        try:
            dataset_id = upload(burnish, file, split=split, name=name, mapping=mapping_of(columns or ()), keep_blank=keep_blank)
        except BadGiven as fault:
            stop(str(fault), code=WRONG_USE)
    return print_json({"id": dataset_id}) if as_json else print(dataset_id)
