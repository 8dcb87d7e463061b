"""The results page: tables with the class of each product, goals met and missed, and where Burnish is ahead and behind."""

import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.gateway.products import REST, ROWS, Product

CLASSES: Final = (
    "Classes: A plain forward; B keys, limits, credit with a durable hold before and a durable record after each call; C the same for streams "
    "with their usage. The direct call does nothing of it. Classes are not the same work: read a ratio across classes with that in mind."
)


@dataclass(frozen=True, slots=True)
class Run:
    """What else the page says. `memory_mib` of Burnish by process; `load_before`: the load average when it began."""

    products: list[Product]
    away: list[str]
    books: str
    memory_mib: dict[str, float]
    load_before: float
    command: str
    rounds: int
    commit: str

    @property
    def direct(self) -> Product:
        return self.products[0]

    @property
    def burnish(self) -> Product:
        return self.products[1]

    @property
    def peers(self) -> list[Product]:
        return self.products[2:]


def page(run: Run) -> str:
    """The whole page, in Markdown."""
    parts = [
        _head(run),
        *(_under_load(run, number) for number in range(len(ROWS))),
        *(_at_rest(run, title, stream=stream) for title, stream in REST),
    ]
    return "\n".join([*parts, _memory(run), _goals(run), _ahead_and_behind(run), _checks(run)])


def _head(run: Run) -> str:
    trial = "\n**A trial run: too short to be quoted.**" if run.rounds < 3 else ""
    lines = [
        "# The request path",
        "",
        f"{datetime.datetime.now(datetime.UTC).date()}, commit {run.commit}, {platform.machine()}, {os.cpu_count()} cores shared by product, mock and load, "
        f"Python {platform.python_version()}, load average {run.load_before:.1f} before and {os.getloadavg()[0]:.1f} at the end. Command: `{run.command}`.{trial}",
        CLASSES,
        f"All in one run before one mock, in turns that begin with another product each round; {run.rounds} round{'s'[: run.rounds > 1]}, median (range). CPU-ms: user and system time "
        "of all processes of a product, Burnish's with PostgreSQL and NATS, and what they do in the second after the last answer; of the direct call, the mock's.",
        "",
        *(f"- {product.title}: {product.note}." for product in run.products if product.note),
        *(f"- {line}" for line in run.away),
        "",
    ]
    return "\n".join(lines)


def commit_now() -> str:
    """The commit of the working tree, and whether what is measured differs from it. Ask before measuring: others may commit meanwhile."""
    return _git("rev-parse", "--short", "HEAD") + (
        " with changes" if _git("status", "--porcelain", "services", "shared", "benchmarks") else ""
    )


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def _under_load(run: Run, number: int) -> str:
    row = ROWS[number]
    lines = [
        f"## {row.title}",
        "",
        "| | class | CPU-ms a request | Burnish needs | requests/s | of direct | p50 ms | of direct | failed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for product in run.products:
        spread = sorted(cell.cpu_ms for cell in product.cells[row.title])
        against = "–" if product in (run.direct, run.burnish) else _times(run.burnish.cpu_ms(row.title), product.cpu_ms(row.title))
        lines.append(
            f"| {product.title} | {product.class_of(stream=row.stream)} | {product.cpu_ms(row.title):.2f} ({spread[0]:.2f}–{spread[-1]:.2f}) | {against} | "
            f"{product.per_second(row.title):.0f} | {_times(product.per_second(row.title), run.direct.per_second(row.title))} | "
            f"{product.p50_ms(row.title):.1f} | {_times(product.p50_ms(row.title), run.direct.p50_ms(row.title))} | {product.failed(row.title)} |"
        )
    return "\n".join([*lines, ""])


def _at_rest(run: Run, title: str, *, stream: bool) -> str:
    lines = [
        f"## {title}, 20 a second, a direct call between any two",
        "",
        "| | class | added p50 ms | added to the first word, p50 ms | CPU-ms a request | failed |",
        "|---|---|---|---|---|---|",
    ]
    for product in run.products[1:]:
        rest = product.rest[title]
        lines.append(
            f"| {product.title} | {product.class_of(stream=stream)} | {rest.added_ms():.1f} | {rest.added_first_ms():.1f} | "
            f"{statistics.median(rest.cpu_ms):.1f} ({min(rest.cpu_ms):.1f}–{max(rest.cpu_ms):.1f}) | {rest.ours.failed} |"
        )
    return "\n".join([*lines, ""])


def _memory(run: Run) -> str:
    parts = ", ".join(f"{name} {mib:.0f}" for name, mib in sorted(run.memory_mib.items(), key=lambda item: -item[1]))
    lines = [
        "## Memory, and CPU without any call",
        "",
        "| | MiB (PSS of all processes) before the load | after it | CPU-ms a second without any call |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {product.title} | {product.idle_mib:.0f} | {product.loaded_mib:.0f} | {product.idle_cpu_ms:.0f} |"
        for product in run.products[1:]
    ]
    return "\n".join([*lines, "", f"Burnish afterwards, MiB: {parts}.", ""])


def _goals(run: Run) -> str:
    burnish, small = run.burnish, sum(run.memory_mib.get(name, 0.0) for name in ("gateway", "executor", "nats"))
    json_32, burst, gaps = (ROWS[number].title for number in (1, 2, 3))
    worst_added = max(rest.added_ms() for rest in burnish.rest.values())
    figures = [
        ("CPU-ms, JSON, 32 connections", burnish.cpu_ms(json_32), 1.0, 0.6),
        ("CPU-ms, stream in a burst", burnish.cpu_ms(burst), 3.0, 2.0),
        ("CPU-ms, stream with gaps", burnish.cpu_ms(gaps), 4.0, 4.0),
        ("added p50 ms at 20 a second", worst_added, 5.0, 3.0),
        ("added to the first word, ms", burnish.rest[REST[1][0]].added_first_ms(), 4.0, 3.0),
        ("MiB of gateway, executor, NATS", small, 350.0, 350.0),
    ]
    lines = ["## Goals", "", "| | measured | first step | goal | |", "|---|---|---|---|---|"]
    for title, value, first, goal in figures:
        verdict = "met" if value <= goal else "first step met" if value <= first else "missed"
        lines.append(f"| {title} | {value:.2f} | {first:g} | {goal:g} | {verdict} |")
    for name, factor in (("Portkey", 1.0), ("LiteLLM", 0.1)):
        for peer in (one for one in run.peers if one.title.startswith(name)):
            for row in (json_32, burst):
                limit = peer.cpu_ms(row) * factor
                verdict = "met" if burnish.cpu_ms(row) <= limit else "missed"
                what = f"a tenth of {name}'s" if factor < 1 else f"below {name}'s"
                lines.append(f"| CPU-ms, {row}: {what} | {burnish.cpu_ms(row):.2f} | – | {limit:.2f} | {verdict} |")
    return "\n".join([*lines, ""])


def _ahead_and_behind(run: Run) -> str:
    """Every figure against every peer; less is better in all of them."""
    ahead: list[str] = []
    behind: list[str] = []
    for peer in run.peers:
        for title, ours, theirs in _figures(run.burnish, peer):
            line = f"- {title}: {ours:.2f} against {theirs:.2f} of {peer.title}"
            (ahead if ours < theirs else behind).append(line)
    if not run.peers:
        return ""
    none = ["- nowhere"]
    return "\n".join(
        ["## Where Burnish is behind", "", *(behind or none), "", "## Where Burnish is ahead", "", *(ahead or none), ""]
    )  # fmt: skip


def _figures(burnish: Product, peer: Product) -> list[tuple[str, float, float]]:
    both: list[tuple[str, Callable[[Product], float]]] = []
    for row in ROWS:
        both.append((f"CPU-ms, {row.title}", lambda one, title=row.title: one.cpu_ms(title)))  # type: ignore[misc]
        both.append((f"p50 ms, {row.title}", lambda one, title=row.title: one.p50_ms(title)))  # type: ignore[misc]
    for title, _ in REST:
        both.append((f"added p50 ms, {title}, 20 a second", lambda one, title=title: one.rest[title].added_ms()))  # type: ignore[misc]
        both.append((f"added to the first word, ms, {title}, 20 a second", lambda one, title=title: one.rest[title].added_first_ms()))  # type: ignore[misc]
    both.append(("MiB after the load", lambda one: one.loaded_mib))
    return [(title, of(burnish), of(peer)) for title, of in both]


def _checks(run: Run) -> str:
    lines = ["## Checks", "", f"- Books of Burnish: {run.books}."]
    for product in run.products:
        counted = "; ".join(product.miscounted) or "the mock's counter equals the client's in every measurement"
        answers = f"beside a direct call {product.answers}; " if product.answers else ""
        wrong = "WRONG: " if product.miscounted or product.answered != product.sent else ""
        lines.append(f"- {product.title}: {wrong}{answers}{product.answered} of {product.sent} calls answered in full; {counted}.")
    lines += [
        "- In full: status 200, all words of the mock counted in each body, `[DONE]` at the end of each stream; one body in fifty is read as a whole, text and usage byte for byte.",
        "- Of an executor's 512 slots one workspace or provider may have half (`BURNISH_SLOTS_SHARE_PERCENT`); 32 connections stay far below, so nothing here waits for a slot.",
    ]
    return "\n".join([*lines, ""])


def _times(one: float, other: float) -> str:
    """`one` as a multiple of `other`."""
    if not other:
        return "–"
    return f"{one / other:.0f} ×" if one / other >= 10 else f"{one / other:.2g} ×"
