"""What a gate says: for people, for machines, and for the page of a change on GitHub. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from burnish_client.cli.shown import annotation
from burnish_client.gate.measure import Result

BROKEN_MOST: Final = 5
"""So many cases that became wrong are told in words; the page shows all."""


def is_passed(results: Sequence[Result]) -> bool:
    """Every test measured, and every check passed."""
    return all(one.passed for one in results)


def was_measured(results: Sequence[Result]) -> bool:
    """False: some test could not be measured, which says nothing about its prompt."""
    return not any(one.error for one in results)


def as_data(results: Sequence[Result]) -> dict[str, Any]:
    """`{passed, tests: […]}` for machines."""
    tests = [asdict(one) | {"path": None if one.path is None else str(one.path), "passed": one.passed} for one in results]
    return {"passed": is_passed(results), "tests": tests}


def as_text(results: Sequence[Result]) -> str:
    """Some lines for each test. What prompts and models said begins no line of its own, which a CI could take for a command."""
    lines: list[str] = []
    for one in results:
        lines.append(f"{_verdict(one)}  {_flat(one.title)}" + (f"  version {one.version}, {_flat(one.comes_from)}" if one.version else ""))
        said = [f"{check_mark(check.passed)} {check.words}" for check in one.checks] + ([one.error] if one.error else [])
        said += [f"broken: {_broken(case)}" for case in one.broken[:BROKEN_MOST]] + list(one.notes)
        lines += [f"      {_flat(text)}" for text in said]
    return "\n".join(lines)


def as_markdown(results: Sequence[Result]) -> str:
    """A table, and what is behind it: for a summary of a run, or a comment on a change."""
    head = "### Prompts: the test gate is passed" if is_passed(results) else "### Prompts: the test gate is not passed"
    lines = [head, "", "| | prompt | version | right | 95 % interval | against the baseline | items |", "|---|---|---|---|---|---|---|"]
    for one in results:
        right = "" if one.accuracy is None else f"{100 * one.accuracy:.1f} %"
        interval = "" if one.low is None or one.high is None else f"{100 * one.low:.1f} to {100 * one.high:.1f} %"
        against = ""
        if one.difference is not None:
            value, low, high = (100 * one.difference[name] for name in ("value", "low", "high"))
            against = f"{value:+.1f} points ({low:+.1f} to {high:+.1f})"
        cells = (_verdict(one), one.title, str(one.version or ""), right, interval, against, str(one.items or ""))
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    for one in results:
        words = [check.words for check in one.checks if not check.passed or check.name.startswith("score:")]
        words += ([one.error] if one.error else []) + list(one.notes)
        if words:
            lines += ["", f"**{_cell(one.title)}**", "", *(f"- {_cell(word)}" for word in words)]
        lines += [f"- broken: `{_code(case.get('input'))}` now says `{_code(case.get('run_output'))}`" for case in one.broken[:BROKEN_MOST]]
    return "\n".join(lines) + "\n"


def as_annotations(results: Sequence[Result], *, root: str) -> list[str]:
    """Commands of GitHub that mark the files of tests that are not passed. `root`: the folder that their paths begin at."""
    lines = []
    for one in results:
        if not one.passed:
            why = one.error or "; ".join(check.words for check in one.checks if not check.passed)
            path = "" if one.path is None else str(one.path).removeprefix(root).lstrip("/")
            lines.append(annotation(why, title=f"Test gate: {one.title}", file=path))
    return lines


def check_mark(passed: bool) -> str:
    """In letters, which every terminal and log can show."""
    return "ok  " if passed else "FAIL"


def _verdict(result: Result) -> str:
    return "ERROR" if result.error else "passed" if result.passed else "FAILED"


def _broken(case: dict[str, Any]) -> str:
    return f"{_short(case.get('input'))!r} now says {_short(case.get('run_output'))!r}"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:79]}…"


def _flat(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _flat(text).replace("|", "\\|").replace("<", "&lt;")


def _code(value: Any) -> str:
    return _short(value).replace("`", "'").replace("|", "\\|")
