"""`burnish test`: the test gate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from burnish_client.cli.access import NO, REFUSED, WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.shown import clean, print_json, say
from burnish_client.cli.waiting import Bar


def test(
    names: Annotated[list[str] | None, typer.Argument(metavar="[TEST]...", help="Only these; all without.", show_default=False)] = None,
    config: Annotated[Path, typer.Option("--config", "-c", help="What is measured, and what is enough.")] = Path("burnish.yaml"),
    at: Annotated[str | None, typer.Option("--at", help="Measure what this label or version says, not the files.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the report to this file, too.")] = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Measure prompts and chains on their datasets, as burnish.yaml says, and say how sure the figures are.

    Ends with 0 where every test is passed, with 1 where one is not, and with 3 or 4 where something could not be measured.
    What the files say is saved as versions that nobody is served.
    """
    from burnish_client.gate import report
    from burnish_client.gate.config import BadConfig, read_config
    from burnish_client.gate.measure import measure

    try:
        read = read_config(config)
    except BadConfig as fault:
        stop(str(fault), code=WRONG_USE)
    if unknown := set(names or ()) - {name for one in read.tests for name in (one.title, one.prompt, one.chain)}:
        stop(f"{config} has no test {', '.join(sorted(unknown))}.", code=WRONG_USE)
    wanted = [one for one in read.tests if not names or not {one.title, one.prompt, one.chain}.isdisjoint(names)]
    if not wanted:
        stop(f"{config} has no tests.", code=WRONG_USE)
    with reaching(profile) as burnish, Bar("measuring") as bar:

        def show(title: str, run: Any) -> None:
            progress = run["progress"]
            done, total = progress.get("done") or 0, progress.get("total")
            bar.show(done, total, f"{title}: {run['status']}, {done} of {total or '?'}")

        results = measure(burnish, read, wanted, asked=at, progress=show)
    if as_json:
        print_json(report.as_data(results))
    else:
        print(clean(report.as_text(results)))
    if markdown is not None:
        markdown.write_text(report.as_markdown(results), "utf-8")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(report.as_markdown(results))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in report.as_annotations(results, root=os.environ.get("GITHUB_WORKSPACE") or str(Path.cwd())):
            say(line, on_stderr=as_json)
    if not report.is_passed(results):
        raise typer.Exit(NO if report.was_measured(results) else REFUSED)
