"""What was called and said under Langfuse: traces, observations and scores, as its public API and its exports tell them.

Shapes: https://api.reference.langfuse.com (traces, observations, scores); files of its exports write the same names with underscores.
A generation becomes an execution made elsewhere, with the user and session of its trace. A trace alone is none: no model stands in it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import Call, Drafts, at, said
from burnish_gateway.bundle.foreign.reactions import OF_PEOPLE, Reaction, metric_named, moment_of, score_of, within
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.imports.request_settings import settings_asked, settings_told
from burnish_shared.errors import InvalidField

SOURCE: Final = "langfuse"
TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})
GENERATION: Final = "GENERATION"

CATEGORIES_MOST: Final = 20
"""Of one name of scores: each becomes a metric, and each score says something of all of them."""


@dataclass(slots=True)
class History:
    """What the file holds of it, by their ids, each with its place."""

    traces: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    observations: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    scores: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def take(self, row: Any, place: str) -> bool:
        """Whether the row is one of these; what stands within a trace is taken along."""
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            return False
        trace_id = _first(row, "traceId", "trace_id")
        if row.get("name") and trace_id and ("value" in row or _first(row, "stringValue", "string_value") is not None):
            self.scores.append((place, row))
        elif trace_id and _first(row, "startTime", "start_time") is not None:
            self.observations[row["id"]] = (place, row)
        elif "timestamp" in row and "prompt" not in row and "datasetName" not in row:
            self.traces[row["id"]] = row
            for name in ("observations", "scores"):
                rows = row.get(name)
                for index, one in enumerate(rows if isinstance(rows, list) else ()):
                    if isinstance(one, dict):
                        self.take({"traceId": row["id"], **one}, f"{at(place, name)}[{index}]")
        else:
            return False
        return True

    def put_into(self, drafts: Drafts) -> None:
        """Its generations, as calls."""
        others = 0
        for place, row in self.observations.values():
            if row.get("type") == GENERATION:
                drafts.calls.append(_call(row, self.traces.get(str(_first(row, "traceId", "trace_id"))) or {}, place))
            else:
                others += 1
        if others:
            drafts.notes.tell(f"{others:,} observations that called no model (spans, events) are not executions and are left out.")
        called = {str(_first(row, "traceId", "trace_id")) for _, row in self.observations.values() if row.get("type") == GENERATION}
        if bare := len(self.traces.keys() - called):
            drafts.notes.lose(f"{bare:,} traces are left out: the file holds no generation of theirs; put their observations into it.")

    def reactions(self, now: datetime, notes: Notes) -> list[Reaction]:
        """Its scores, each of the generation that it names; one of a whole trace is of the trace's last generation."""
        last, categories = self._last_generations(), self._categories(notes)
        found: list[Reaction] = []
        for place, row in self.scores:
            trace, observed = str(_first(row, "traceId", "trace_id")), _first(row, "observationId", "observation_id")
            call = observed if isinstance(observed, str) and observed in self.observations else last.get(trace)
            if call is None or self.observations[call][1].get("type") != GENERATION:
                notes.lose(f"{place}: left out: the file holds no generation that this score is of.")
                continue
            try:
                made = _score(
                    row, self.traces.get(trace) or {}, call, ended=_ended(self.observations[call][1]), categories=categories, now=now
                )
            except InvalidField as error:
                notes.lose(f"{place}: left out. {error.message}")
                continue
            if not made:
                notes.lose(f"{place}: the score {str(row['name'])[:60]!r} is left out: it is no number and has no comment.")
            found += made
            within(found)
        return found

    def _categories(self, notes: Notes) -> dict[str, dict[str, str]]:
        """By the names of scores: category → the metric that it is counted by. Of names that have too many, or such that one metric would
        stand for two of them, none."""
        said: dict[str, dict[str, str]] = {}
        for _, row in self.scores:
            if (category := _category(row)) is not None:
                name = str(row["name"])
                said.setdefault(name, {})[category] = metric_named(f"{name}.{category}") or ""
        for name, metrics in list(said.items()):
            if len(metrics) > CATEGORIES_MOST or not all(metrics.values()) or len(set(metrics.values())) < len(metrics):
                told = f"the scores {name[:60]!r} are categories, {len(metrics):,} in the file, and are not taken: at most"
                notes.tell(f"{told} {CATEGORIES_MOST} are, whose names differ in letters or digits.")
                del said[name]
        return said

    def _last_generations(self) -> dict[str, str]:
        """By their traces."""
        last: dict[str, tuple[str, str]] = {}
        for their_id, (_, row) in self.observations.items():
            if row.get("type") == GENERATION:
                ended = (str(_first(row, "endTime", "end_time", "startTime", "start_time")), their_id)
                trace = str(_first(row, "traceId", "trace_id"))
                last[trace] = max(last.get(trace, ended), ended)
        return {trace: their_id for trace, (_, their_id) in last.items()}


def _score(
    row: Mapping[str, Any],
    trace: Mapping[str, Any],
    call: str,
    *,
    ended: datetime | None,
    categories: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> list[Reaction]:
    """A number is one. Of a category each of its name in the file is one, 1 for what was chosen and 0 for the others: so the mean of each
    is its share. What Langfuse counts categories by is their place in a list, and its mean would say nothing. The comment is named by the
    score alone: in another file that holds it, its name may have other categories, or too many. One that names no time is of when its
    generation `ended`: by the time of the import it would count as newer than all that people said since."""
    name, written_by = str(row["name"]), str(row.get("source") or "API")
    is_persons = written_by == "ANNOTATION" or (written_by != "EVAL" and OF_PEOPLE.search(name) is not None)
    comment, names_it = row["comment"] if isinstance(row.get("comment"), str) else None, f"{SOURCE}:score:{row['id']}"
    made = partial(
        score_of, source=SOURCE, call=call, at=moment_of(_first(row, "timestamp", "createdAt", "created_at")) or ended,
        user_id=_first(trace, "userId", "user_id") if is_persons else None, now=now,
    )  # fmt: skip
    chosen = _category(row)
    if chosen is None or name not in categories:
        number = None if _is_category(row) else row.get("value")
        each = [made(name, number, comment=comment, is_persons=is_persons, names_it=names_it)]
    else:
        each = [
            made(metric, int(one == chosen), comment=None, is_persons=False, names_it=f"{names_it}:{metric}")
            for one, metric in categories[name].items()
        ]
        each.append(made(name, None, comment=comment, is_persons=False, names_it=names_it))
    return [one for one in each if one is not None]


def _ended(generation: Mapping[str, Any]) -> datetime | None:
    return moment_of(_first(generation, "endTime", "end_time", "startTime", "start_time"))


def _is_category(row: Mapping[str, Any]) -> bool:
    return bool(_first(row, "dataType", "data_type") == "CATEGORICAL")


def _category(row: Mapping[str, Any]) -> str | None:
    """The one that a score chose; None of a score of another kind."""
    said = _first(row, "stringValue", "string_value", "value") if _is_category(row) else None
    return said if isinstance(said, str) else None


def _call(row: Mapping[str, Any], trace: Mapping[str, Any], place: str) -> Call:
    began, ended = (moment_of(_first(row, *names)) for names in (("startTime", "start_time"), ("endTime", "end_time")))
    first = moment_of(_first(row, "completionStartTime", "completion_start_time"))
    usage = _object(_first(row, "usageDetails", "usage_details")) or _object(row.get("usage"))
    costs = _object(_first(row, "costDetails", "cost_details"))
    dollars = _first(row, "calculatedTotalCost", "total_cost", "totalCost") or costs.get("total")
    failed = row.get("level") == "ERROR"
    body: dict[str, Any] = {
        "source": SOURCE, "id": row["id"][:256], "model": said(_first(row, "model", "provided_model_name") or "unknown")[:200],
        "finished_at": None if (at_ := ended or began) is None else at_.isoformat(), "status": "error" if failed else "success",
        "latency_ms": _ms(began, ended), "messages": _messages(row.get("input")),
        "input_tokens": _count(_first(usage, "input", "promptTokens", "prompt_tokens", "input_tokens")),
        "output_tokens": _count(_first(usage, "output", "completionTokens", "completion_tokens", "output_tokens")),
        "first_token_ms": None if first is None else _ms(began, first),
        "user_id": _text(_first(trace, "userId", "user_id")), "session_id": _text(_first(trace, "sessionId", "session_id")),
        "error": (_text(_first(row, "statusMessage", "status_message")) or "It failed.")[:1000] if failed else None,
    }  # fmt: skip
    if asked := settings_told(settings_asked(_object(_first(row, "modelParameters", "model_parameters")))):
        body["settings"] = asked
    if row.get("output") is not None:
        body["output"] = _output(row["output"])
    if isinstance(dollars, int | float) and not isinstance(dollars, bool) and 0 <= dollars < 10**6:
        body["cost_nusd"] = round(dollars * 10**9)
    trace_id = str(_first(row, "traceId", "trace_id"))
    body |= {"trace_id": trace_id} if TRACE_ID.fullmatch(trace_id) else {}
    metadata = {**_object(trace.get("metadata")), **_object(row.get("metadata"))}
    names = {"trace_name": trace.get("name"), "observation_name": row.get("name")}
    body["metadata"] = dict([*((name, value) for name, value in names.items() if isinstance(value, str)), *metadata.items()][:100])
    prompt, version = _text(_first(row, "promptName", "prompt_name")), _first(row, "promptVersion", "prompt_version")
    number = version if isinstance(version, int) and not isinstance(version, bool) else None
    return Call(place, prompt, number, {name: value for name, value in body.items() if value is not None}, keeps_number=True)


def _messages(given: Any) -> list[dict[str, Any]]:
    """What was asked: a list of messages, also within `messages`; anything else is one text of the user's."""
    if isinstance(given, dict) and isinstance(given.get("messages"), list):
        given = given["messages"]
    if isinstance(given, list) and given and all(isinstance(one, dict) and said(one.get("role")) in ROLES for one in given):
        return given
    return [] if given in (None, "", [], {}) else [{"role": "user", "content": said(given)}]


def _output(given: Any) -> str:
    if isinstance(given, dict) and isinstance(given.get("content"), str):
        return str(given["content"])
    return said(given)


def _first(row: Mapping[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _ms(began: datetime | None, ended: datetime | None) -> int:
    took = 0 if began is None or ended is None else (ended - began).total_seconds() * 1000
    return min(max(round(took), 0), 2**31 - 1)
