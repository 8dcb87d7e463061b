"""`burnish executions`: what was run. (`burnish logs` shows what the processes of an installation write.)"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from burnish_client.cli.access import NOT_REACHED, WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.files import STANDARD, check_free, write_whole
from burnish_client.cli.shown import clean, moment, money, print_json, print_json_line, print_table, say
from burnish_client.paths import segment

if TYPE_CHECKING:
    from burnish_client import Burnish

app = typer.Typer(help="Executions: what was run, and as it comes.", no_args_is_help=True)

PromptOption = Annotated[str | None, typer.Option("--prompt", "-p", help="Only of this prompt.")]
StatusOption = Annotated[str | None, typer.Option(help="Only success, error, timeout, rate_limited, cancelled or blocked.")]
UserOption = Annotated[str | None, typer.Option(help="Only of this end user.")]
SessionOption = Annotated[str | None, typer.Option(help="Only of this conversation.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where", "-w", metavar="FILTER=VALUE",
        help="Only where this is so, as GET /v1/executions has it: model, label, version, app, reaction (up, down, any, none), min_score,"
        " error_code, from, to, metadata[plan] and others. May be said several times.",
    ),
]  # fmt: skip

EVERY_S: Final = 1.0
LATE_S: Final = 180
"""A call appears in the list when it has ended, some after others that began later: the list is read back so far."""

LATEST_S: Final = 660
"""The longest that a call may take (`deadline_s`), and a minute: so far the list is read back every LONG_LOOK-th time."""

LONG_LOOK: Final = 30
LAST_LINE_MOST: Final = 16_384
"""Bytes of the end of a file, among which its last line is looked at."""

NO_FILTERS: Final = frozenset({"limit", "cursor", "format", "path", "self"})
"""What pages and files of the list are asked with, by options of their own."""

BEGINNING: Final = datetime(1, 1, 1, tzinfo=timezone.utc)

AWAY_MOST_S: Final = 10.0
"""Between two tries while Burnish is away."""


@app.command("list")
def list_executions(
    count: Annotated[int, typer.Option("--count", "--limit", "-n", min=1, max=10_000, help="So many, the newest first.")] = 20,
    prompt: PromptOption = None,
    status: StatusOption = None,
    user: UserOption = None,
    session: SessionOption = None,
    where: WhereOption = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Show executions, the newest first."""
    with reaching(profile) as burnish:
        found = _newest(burnish, count, _query(prompt, status, user, session, where))
        rows = [] if as_json else [_row(one) for one in found]
    if as_json:
        return print_json(found)
    columns = ("began", "status", "prompt", "version", "model", "ms", "cost", "id")
    return print_table(columns, rows, empty="There are no such executions.")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to; - is standard output.")],
    kind: Annotated[str | None, typer.Option("--format", help="jsonl or csv; as the file's name ends otherwise, else jsonl.")] = None,
    force: Annotated[bool, typer.Option("--force", help="In place of the file that is there.")] = False,
    prompt: PromptOption = None,
    status: StatusOption = None,
    user: UserOption = None,
    session: SessionOption = None,
    where: WhereOption = None,
    profile: ProfileOption = None,
) -> None:
    """Write all executions that the filters find into one file: numbers and ids, no text.

    It looks through the whole log: narrow it by --where from=2026-11-01T00:00:00Z. A file is there when it is whole, or not at all.
    """
    query = _query(prompt, status, user, session, where) | {"format": kind or ("csv" if file.suffix.lower() == ".csv" else "jsonl")}
    check_free(file, force=force)
    with reaching(profile) as burnish, burnish.download("/v1/executions/export", query=query) as pieces:
        written = write_whole(file, _to_the_end(pieces))
    print(f"{'Standard output' if file == STANDARD else file}: {written:,} bytes.", file=sys.stderr)


@app.command()
def show(
    execution: Annotated[str, typer.Argument(help="Id of the execution.")], as_json: JsonOption = False, profile: ProfileOption = None
) -> None:
    """Show one execution: what was asked, what came, what was said of it."""
    with reaching(profile) as burnish:
        one = burnish.request("GET", f"/v1/executions/{segment(execution)}")
        if as_json:
            return print_json(one)
        say("  ".join(str(cell) for cell in _row(one) if cell not in (None, "")))
        for message in one.get("messages") or ():
            content = message.get("content")
            say(f"\n[{message.get('role')}]\n{content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)}")
        say(f"\n[answer]\n{one.get('output') or ''}")
        if one.get("error"):
            say(f"\n[error]\n{one['error'].get('message')} ({one['error'].get('code')})")
        for said in one.get("feedback") or ():
            say(f"\n[feedback]\n{json.dumps({name: value for name, value in said.items() if value is not None}, ensure_ascii=False)}")
        return None


@app.command()
def tail(
    count: Annotated[int, typer.Option("--count", "-n", min=0, max=200, help="The last ones first.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with those that end from now on, until Ctrl-C.")] = False,
    prompt: PromptOption = None,
    status: StatusOption = None,
    user: UserOption = None,
    session: SessionOption = None,
    where: WhereOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each line.")] = False,
    profile: ProfileOption = None,
) -> None:
    """Show executions as they end, the oldest first.

    With -f it waits while Burnish is away, and then shows what ended meanwhile.
    """
    try:
        with reaching(profile) as burnish:
            looked = _Looked(burnish, _query(prompt, status, user, session, where))
            for one in looked.first(count):
                _print_line(one, as_json=as_json)
            while follow:
                time.sleep(EVERY_S)
                for one in _patiently(looked):
                    _print_line(one, as_json=as_json)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None  # how it is meant to end


@dataclass
class _Looked:
    """What was shown of the list. It is read back from the newest call that is known, by Burnish's clock: this machine's may be another."""

    burnish: Burnish
    query: dict[str, Any]
    seen: dict[str, datetime] = field(default_factory=dict)
    """When they began, of those that may still be met."""
    looks: int = 0

    def first(self, count: int) -> list[dict[str, Any]]:
        """The last `count`, the oldest first."""
        found = _newest(self.burnish, 200, self.query)
        self._note(found)
        return found[:count][::-1]

    def fresh(self) -> list[dict[str, Any]]:
        """Those not seen yet, the oldest first. Safe to repeat after a failure: only what was returned is seen."""
        newest = max(self.seen.values(), default=None)
        back = timedelta(seconds=LATEST_S if self.looks % LONG_LOOK == 0 else LATE_S)
        since = {} if newest is None else {"from": max(newest - back, _moment(self.query.get("from"))).isoformat()}
        found = [one for one in self.burnish.list("/v1/executions", **{**self.query, **since, "limit": 200}) if one["id"] not in self.seen]
        self.looks += 1
        self._note(found)
        return found[::-1]

    def _note(self, found: list[dict[str, Any]]) -> None:
        self.seen |= {one["id"]: datetime.fromisoformat(one["created_at"].replace("Z", "+00:00")) for one in found}
        if self.seen:
            oldest = max(self.seen.values()) - timedelta(seconds=LATEST_S)
            self.seen = {name: at for name, at in self.seen.items() if at >= oldest}


def _moment(given: str | None) -> datetime:
    """What was asked for with `--where from=…`, which Burnish has understood by then."""
    try:
        moment = datetime.fromisoformat((given or "").replace("Z", "+00:00"))
    except ValueError:
        return BEGINNING
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _patiently(looked: _Looked) -> list[dict[str, Any]]:
    """What ended since the last look. While Burnish is away it tries on, and says so once. Raises ApiError where that cannot help."""
    from burnish_client import ApiError, NotReached

    tries = 0
    while True:
        try:
            found = looked.fresh()
        except (NotReached, ApiError) as error:
            if isinstance(error, ApiError) and not error.retryable:
                raise
            if tries == 0:
                say(f"burnish: {error} Trying on; what ends meanwhile is shown then.", on_stderr=True)
            tries += 1
            time.sleep(min(EVERY_S * 2**tries, AWAY_MOST_S))
            continue
        if tries:
            print("burnish: It answers again.", file=sys.stderr, flush=True)
        return found


def _to_the_end(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Ends the command where what answered is not Burnish, or where the last line says that the file is not whole: it was begun as a
    success, and could not go on."""
    last, is_first = b"", True
    for piece in pieces:
        if is_first and piece.lstrip()[:1] == b"<":
            stop("What answered is no list of executions: nothing is written. Is it Burnish's address?", code=NOT_REACHED)
        is_first = False
        last = (last + piece)[-LAST_LINE_MOST:]
        yield piece
    line = last.rstrip(b"\r\n").rpartition(b"\n")[2].decode(errors="replace")
    if line.startswith('{"error":') or line.strip('"').startswith("The file is not whole: "):
        stop(f"It broke off, and no file is written: {clean(line)}", code=NOT_REACHED)


def _newest(burnish: Burnish, count: int, query: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in burnish.list("/v1/executions", limit=min(count, 200), **query):
        found.append(one)
        if len(found) == count:
            break
    return found


def _query(prompt: str | None, status: str | None, user: str | None, session: str | None, where: list[str] | None) -> dict[str, Any]:
    query: dict[str, Any] = {"prompt": prompt, "status": status, "user_id": user, "session_id": session}
    for one in where or ():
        name, sign, value = one.partition("=")
        if not sign or not name or not value:
            stop(f"'{one}' is no filter: write --where name=value, such as --where reaction=down.", code=WRONG_USE)
        if name in NO_FILTERS:
            stop(f"'{name}' is no filter of the log; GET /v1/executions has them.", code=WRONG_USE)
        if query.get(name) is not None:
            stop(f"'{name}' is asked for twice.", code=WRONG_USE)
        query[name] = value
    return query


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    return (
        moment(one.get("created_at")),
        one["status"],
        one.get("prompt"),
        one.get("version"),
        one.get("model"),
        one.get("latency_ms"),
        money(one.get("cost_nusd")),
        one["id"],
    )


def _print_line(one: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json_line(one)
    else:
        say("  ".join(str(cell) for cell in _row(one) if cell not in (None, "")))
