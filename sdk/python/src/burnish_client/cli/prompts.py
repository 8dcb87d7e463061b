"""`burnish prompts`: prompts as files in Git, both ways, and where their labels stand."""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from burnish_client.cli.access import NO, REFUSED, WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.shown import as_it_came, moment, print_json, print_table, say
from burnish_client.paths import segment

app = typer.Typer(help="Prompts: as files in Git, both ways.", no_args_is_help=True)

FolderOption = Annotated[Path, typer.Option("--dir", "-d", envvar="BURNISH_PROMPTS", help="Folder of the files, SLUG.yaml each.")]
SlugsArgument = Annotated[list[str] | None, typer.Argument(metavar="[SLUG]...", help="Only these.", show_default=False)]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
HERE = Path("prompts")


@app.command("list")
def list_prompts(
    q: Annotated[str, typer.Argument(metavar="[WORDS]", help="Words that occur in it.", show_default=False)] = "",
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Show the prompts of the workspace."""
    with reaching(profile) as burnish:
        found = list(burnish.list("/v1/prompts", limit=200, q=q or None, tag=tag))
        rows = [] if as_json else [_row(one) for one in found]
    if as_json:
        return print_json(found)
    return print_table(("slug", "newest", "labels", "folder", "changed"), rows, empty="There are no such prompts.")


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    return one["slug"], one["latest_version"], _labels(one["labels"]), one["folder"], moment(one["updated_at"])


@app.command()
def pull(
    slugs: SlugsArgument = None,
    folder: FolderOption = HERE,
    force: Annotated[bool, typer.Option("--force", help="Burnish wins where both sides changed.")] = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Write the newest version of each prompt into its file. What was edited here and not there stays as it is.

    Ends with 1 where both sides changed the same, and leaves those files alone.
    """
    from burnish_client.cli.prompt_folder import met, pulled

    with reaching(profile) as burnish:
        place = _opened(folder)
        done: list[dict[str, Any]] = []
        for pair in _paired(burnish, place, slugs, also_there=True):
            wanted = pulled(pair, force=force)
            done.append({"slug": pair.slug, "outcome": _pull_outcome(pair, wanted), "version": pair.there.version if pair.there else None})
            if pair.there is not None and wanted is not None and not dry_run:
                place.write(wanted)
                place.lock.note(pair.there.prompt_id, met(pair, force=force))
        if not dry_run:
            place.save_lock()
    _tell(done, as_json=as_json)
    if any(one["outcome"] == "collides" for one in done):
        stop("Both sides changed those. Look with `burnish prompts diff`; edit the file, or take Burnish's with --force.", code=NO)


@app.command()
def push(
    slugs: SlugsArgument = None,
    folder: FolderOption = HERE,
    message: Annotated[str, typer.Option("--message", "-m", help="Why, for the history of the prompt.")] = "",
    label: Annotated[str | None, typer.Option(help="Move this label to what the files say, of those that did not change, too.")] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Put together what both sides changed, where nothing conflicts.")] = False,
    force: Annotated[bool, typer.Option("--force", help="The file wins where both sides changed.")] = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Save what was edited here as the next versions. Labels stay where they are, unless --label names one.

    A new prompt gets `production`, or the label of --label. What both sides changed is not pushed, and it ends with 1.
    """
    from burnish_client.cli.prompt_folder import in_order
    from burnish_client.cli.prompt_push import Apart, Collision, Wishes
    from burnish_client.cli.prompt_push import push as push_one
    from burnish_client.errors import ApiError

    label = _movable(label)
    with reaching(profile) as burnish:
        place = _opened(folder)
        pairs = [one for one in _paired(burnish, place, slugs, also_there=False) if one.here is not None]
        wishes = Wishes(message or _commit(), label, merge, force)
        done: list[dict[str, Any]] = []
        is_mergeable = False
        try:
            for pair in in_order(pairs):
                version = pair.there.version if pair.there else None
                if dry_run:
                    done.append({"slug": pair.slug, "outcome": _would_push(pair, label), "version": version})
                    continue
                try:
                    pushed = push_one(burnish, place, pair, wishes)
                except Collision as collision:
                    say(f"burnish: {collision}", on_stderr=True)
                    done.append({"slug": pair.slug, "outcome": "collides", "version": version})
                    is_mergeable = is_mergeable or not isinstance(collision, Apart)
                    continue
                except ApiError:
                    print(f"burnish: {place.path_of(pair.slug)} is refused, and the files after it wait:", file=sys.stderr)
                    raise
                newer = {} if pushed.newest is None else {"newest": pushed.newest}
                done.append({"slug": pair.slug, "outcome": pushed.outcome, "version": pushed.version, **newer})
                if pushed.newest is not None:
                    print(f"burnish: {_older(pushed.slug, pushed.version, pushed.newest, label)}", file=sys.stderr)
                for warning in pushed.warnings:
                    say(f"burnish: {pair.slug}: {warning}", on_stderr=True)
        finally:
            if not dry_run:
                place.save_lock()
    _tell(done, as_json=as_json)
    if any(one["outcome"] == "collides" for one in done):
        stop(
            "Pull first; or put both together with --merge; or let the file win with --force."
            if is_mergeable
            else "Merge that version in Burnish (the prompt's History), then pull.",
            code=NO,
        )


@app.command()
def diff(
    slugs: SlugsArgument = None,
    folder: FolderOption = HERE,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Show what the files say otherwise than Burnish. Ends with 1 where something differs, with 0 where nothing does.

    Prompts without a file here are only named, and count as no difference, unless they are asked for.
    """
    from burnish_client.cli.prompt_files import written

    with reaching(profile) as burnish:
        pairs = _paired(burnish, _opened(folder), slugs, also_there=True)
    found: list[dict[str, Any]] = []
    not_here: list[str] = []
    for pair in pairs:
        if pair.here is None and not slugs:
            not_here.append(pair.slug)
            continue
        there = written(pair.there.file) if pair.there else ""
        here = written(pair.here) if pair.here else ""
        if here != there:
            version = f"version {pair.there.version}" if pair.there else "not there"
            lines = difflib.unified_diff(
                there.splitlines(), here.splitlines(), f"Burnish: {pair.slug} ({version})", f"{folder}/{pair.slug}.yaml", lineterm=""
            )
            found.append({"slug": pair.slug, "changed": _sides(pair), "diff": "\n".join(lines)})
    if as_json:
        print_json(found + [{"slug": slug, "changed": "not here", "diff": None} for slug in not_here])
    else:
        for one in found:
            print(as_it_came(one["diff"]))
        if not_here:
            print(f"Only in Burnish ({len(not_here)}): {', '.join(not_here)}. `burnish prompts pull` writes them.", file=sys.stderr)
    raise typer.Exit(NO if found else 0)


@app.command()
def label(
    slug: Annotated[str, typer.Argument(help="Slug of the prompt.")],
    name: Annotated[str, typer.Argument(help="The label, such as production.")],
    version: Annotated[int, typer.Argument(min=1, help="The version that it is to name.")],
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why, for its history.")] = "",
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Move a label to a version: every gateway serves it within a second."""
    with reaching(profile) as burnish:
        moved = burnish.request("PUT", f"/v1/prompts/{segment(slug)}/labels/{segment(name)}", {"version": version, "reason": reason})
        if as_json:
            return print_json(moved)
        for warning in moved.get("warnings") or ():
            say(f"burnish: {warning}", on_stderr=True)
        return say(f"{slug}@{moved['label']} is version {moved['version']}{': a new label' if moved.get('is_new') else ''}.")


def _movable(label: str | None) -> str | None:
    """The label as Burnish spells it. Ends with 3 where it can name none, before anything is saved."""
    if label is None:
        return None
    spelled = label.lower() if label.isascii() else label
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", spelled):
        stop(f"--label {label!r} is no label: 1 to 63 letters a-z, digits, '-' and '_', beginning with a letter.", code=REFUSED)
    if spelled == "latest":
        stop("--label latest: it names the newest version and moves by itself. Name another, such as production.", code=REFUSED)
    return spelled


def _opened(folder: Path) -> Any:
    from burnish_client.cli.prompt_files import FileFault
    from burnish_client.cli.prompt_folder import Folder

    try:
        return Folder(folder)
    except FileFault as fault:
        stop(str(fault), code=WRONG_USE)


def _paired(burnish: Any, place: Any, slugs: list[str] | None, *, also_there: bool) -> list[Any]:
    from burnish_client.cli.prompt_files import FileFault
    from burnish_client.cli.prompt_folder import pairs_of

    try:
        return pairs_of(burnish, place, slugs or (), also_there=also_there)
    except FileFault as fault:
        stop(str(fault), code=WRONG_USE)


def _sides(pair: Any) -> str:
    sides = {pair.content, pair.facts} - {"same"}
    return "both" if "both" in sides or len(sides) > 1 else next(iter(sides), "same")


def _pull_outcome(pair: Any, wanted: Any) -> str:
    if pair.there is None:
        return "not in Burnish"
    if wanted is None:
        return "collides"
    if pair.here is None:
        return "new"
    return (
        "edited here" if wanted == pair.here and "here" in (pair.content, pair.facts) else "unchanged" if wanted == pair.here else "updated"
    )


def _would_push(pair: Any, label: str | None) -> str:
    from burnish_client.cli.prompt_push import version_of

    if pair.there is None or (pair.is_only_measured and not pair.collides):
        return "would be created"
    sides = _sides(pair)
    if sides == "same" and label and pair.there.labels.get(label) != version_of(pair.here, pair.there, pair.known):
        return "would be labelled"
    return {"same": "unchanged", "there": "behind", "here": "would be saved", "both": "would be merged"}[sides]


def _older(slug: str, version: int, newest: int, label: str | None) -> str:
    """What became of a text that went back to what an older version says, and what to do."""
    said = f"{slug}: the file says what version {version} says, which is not the newest (that is {newest}). No version was made of it"
    if label:
        return f"{said}; {label} names version {version}."
    return f"{said}, and `latest` stays at {newest}. To let calls have it, push it with --label production."


def _labels(labels: dict[str, int]) -> str:
    return ", ".join(f"{name}={version}" for name, version in labels.items() if name != "latest")


def _tell(done: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        return print_json(done)
    changed = [one for one in done if one["outcome"] != "unchanged"]
    if not changed:
        return print(f"Nothing to do (prompts: {len(done)})." if done else "There are no prompts yet.", file=sys.stderr)
    return print_table(("slug", "outcome", "version"), [(one["slug"], _in_words(one), one["version"]) for one in changed])


def _in_words(one: dict[str, Any]) -> str:
    return f"as before (newest: {one['newest']})" if "newest" in one else str(one["outcome"])


def _commit() -> str:
    """In a run of a CI the commit is why."""
    import os

    commit = os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or ""
    return f"Git commit {commit[:12]}" if commit else ""
