"""What the source systems kept of calls and models: rows of `ai_prompt_executions`, files of `data/runs`, rows of `ai_models`.

Calls, and the answers in a run, become executions made elsewhere, checked as `POST /v1/executions/import` checks them. The figures of a
run do not come along: test gates and verdicts rest on what was measured here (docs/decisions). Shapes: docs/guides/moving.md.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from burnish_gateway.bundle.foreign.draft import Call, Names, at, said
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.imports.bodies import ImportedBody
from burnish_gateway.imports.reported import Reported, check_time
from burnish_gateway.models.bodies import NewModel
from burnish_shared.errors import InvalidField
from burnish_shared.slug import slug_of

SOURCE: Final = "source"
CALLS_MOST: Final = 10_000
"""Of one file: they are booked in one transaction."""

MODELS_MOST: Final = 200
BEYOND_NUSD: Final = 10**18

OUTPUTS: Final = ("output", "response", "completion", "result", "output_text", "ai_response", "predicted", "prediction", "actual")
INPUTS: Final = (
    "messages",
    "rendered_prompt",
    "full_prompt",
    "prompt_text",
    "input",
    "input_text",
    "text",
    "message",
    "ticket",
    "question",
)
VARIABLES: Final = ("variables", "input_variables", "inputs", "input_data")
TIMES: Final = ("finished_at", "completed_at", "executed_at", "created_at", "timestamp", "started_at")
EXPECTED: Final = ("expected", "expected_output", "expected_category", "label", "answer")
SAME: Final = {
    "model": ("model", "model_name", "model_used"),
    "provider": ("provider",),
    "error": ("error", "error_message"),
    "user_id": ("user_id", "end_user"),
    "session_id": ("session_id", "conversation_id"),
    "app": ("app", "app_name", "app_context"),
    "input_tokens": ("input_tokens", "prompt_tokens", "tokens_input"),
    "output_tokens": ("output_tokens", "completion_tokens", "tokens_output"),
    "latency_ms": ("latency_ms", "execution_time_ms", "response_time_ms", "duration_ms"),
    "trace_id": ("trace_id",),
}
"""Our field → theirs."""

OF_A_RUN: Final = ("model", "provider", "user_id", "session_id", "app", "trace_id")
"""What a run says of all its answers; tokens and times of a run are sums."""

DOLLARS: Final = ("cost_usd", "total_cost_usd", "cost", "total_cost")
STATUSES: Final = {
    "success": "success", "succeeded": "success", "completed": "success", "ok": "success", "error": "error", "failed": "error",
    "timeout": "timeout", "rate_limited": "rate_limited", "cancelled": "cancelled", "canceled": "cancelled", "blocked": "blocked",
}  # fmt: skip

WINDOWS: Final = ("context_tokens", "context_window", "context_length", "max_context_tokens")
OUTPUT_MOSTS: Final = ("output_tokens", "max_output_tokens", "max_completion_tokens", "max_tokens")
PRICE: Final = re.compile(r"(input|prompt|output|completion)_(?:token_)?(?:cost|price)(?:_usd)?_per_(1k|thousand|1m|million)(?:_tokens)?")
PRICE_BEFORE: Final = re.compile(r"(?:cost|price)_per_(1k|thousand|1m|million)_(input|prompt|output|completion)(?:_tokens)?")


def read_call(row: Mapping[str, Any], place: str) -> Call:
    """Of a row of `ai_prompt_executions`. Raises InvalidField."""
    named = _first(row, "prompt_slug", "prompt_name", "prompt_id", "slug", "prompt")
    their_id = _first(row, "execution_id", "id") or _hash(row)
    return Call(place, None if named is None else str(named), _number(_first(row, "version", "prompt_version")), _body(row, f"{their_id}"))


def read_run(run: Mapping[str, Any], place: str) -> list[Call]:
    """The answers of a run of `data/runs`, each with what was expected. Raises InvalidField."""
    results = _first(run, "results", "predictions", "details")
    if results is None:
        return []
    if not isinstance(results, list) or any(not isinstance(one, dict) for one in results):
        raise InvalidField(f"{at(place, 'results')}: must be a list of objects.", param=at(place, "results"))
    shared = {name: run[name] for names in (*(SAME[one] for one in OF_A_RUN), TIMES) for name in names if name in run}
    named, number = _first(run, "prompt_slug", "prompt_name", "prompt_id", "prompt"), _number(_first(run, "version", "prompt_version"))
    their_id = _first(run, "run_id", "id") or _hash(run)
    calls = []
    for index, result in enumerate(results):
        row = shared | result
        metadata = {"run_id": str(their_id)[:200]} | {name: row[name] for name in (*EXPECTED, "correct") if name in row}
        body = _body(row | {"metadata": metadata}, f"{str(their_id)[:200]}:{index}")
        calls.append(Call(f"{at(place, 'results')}[{index}]", None if named is None else str(named), number, body))
    return calls


def reported_calls(
    calls: list[Call], names: Names, ids: Mapping[str, tuple[str, int]], *, now: datetime, notes: Notes
) -> tuple[Reported, ...]:
    """Those that can be kept; of the others a note each. `ids`: their id of a prompt's version → its name and number."""
    if len(calls) > CALLS_MOST:
        raise InvalidField(f"The file holds {len(calls):,} executions; bring in at most {CALLS_MOST:,} at once.")
    kept = []
    for call in calls:
        try:
            reported = ImportedBody.model_validate(dict(call.body) | _prompt(call, names, ids)).reported()
            check_time(reported.finished_at, now=now)
        except InvalidField as error:
            notes.lose(f"{call.place}: left out. {error.message}")
            continue
        kept.append(reported)
    return tuple(kept)


def _prompt(call: Call, names: Names, ids: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    """For which prompt it counts, and for which version where the file says which of ours it is. An id of nothing here is no name."""
    if call.prompt is None:
        return {}
    name, number = ids.get(call.prompt, (call.prompt, call.version))
    slug = names.slugs.get(name)
    if slug is None:
        kept = {"version": number} if call.keeps_number and number is not None else {}
        return {} if _is_id(name) else {"prompt": slug_of(name), **kept}
    ours = None if number is None else names.numbers[slug].get(call.version or number)
    return {"prompt": slug} if ours is None else {"prompt": slug, "version": ours}


def _body(row: Mapping[str, Any], their_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {"source": SOURCE, "id": their_id[:256], "model": "unknown"}
    for ours, theirs in SAME.items():
        value = _first(row, *theirs)
        if value is not None:
            body[ours] = value if ours.endswith(("_tokens", "_ms")) else said(value)[:1000] if ours == "error" else said(value)
    body["status"] = STATUSES.get(str(row.get("status", "")).lower(), "error" if body.get("error") else "success")
    body["finished_at"] = _moment(_first(row, *TIMES))
    dollars = _first(row, *DOLLARS)
    if isinstance(dollars, int | float) and not isinstance(dollars, bool) and 0 <= dollars < 10**6:
        body["cost_nusd"] = round(dollars * 10**9)
    output, given, variables = _first(row, *OUTPUTS), _first(row, *INPUTS), _first(row, *VARIABLES)
    if output is not None:
        body["output"] = said(output)
    if isinstance(given, dict) and variables is None:
        given, variables = None, given
    if isinstance(variables, dict):
        body["variables"] = variables
    system = row.get("system_prompt")
    messages = given if isinstance(given, list) else [] if given is None else [{"role": "user", "content": said(given)}]
    body["messages"] = [{"role": "system", "content": system}, *messages] if isinstance(system, str) and system else messages
    metadata = row.get("metadata")
    return body | ({"metadata": metadata} if isinstance(metadata, dict) else {})


def read_model(row: Mapping[str, Any]) -> NewModel:
    """Of a row of `ai_models`. Prices are taken where their names say what they are for: dollars per thousand or million tokens.

    Raises InvalidField.
    """
    body: dict[str, Any] = {
        "model": said(_first(row, "model", "model_id", "model_name", "name") or ""),
        "provider": re.sub(r"[^a-z0-9_-]+", "_", str(row.get("provider", "")).lower()),
    }  # fmt: skip
    limits = {"context_tokens": _first(row, *WINDOWS), "output_tokens": _first(row, *OUTPUT_MOSTS)}
    body |= {name: value for name, value in limits.items() if value is not None}
    for ours, theirs in (("base_url", ("base_url", "api_base")), ("display_name", ("display_name",)), ("notes", ("notes", "description"))):
        value = _first(row, *theirs)
        body |= {} if value is None else {ours: said(value)[:2000]}
    if isinstance(row.get("capabilities"), list):
        body["capabilities"] = row["capabilities"]
    return NewModel.model_validate(body | _prices(row))


def _prices(row: Mapping[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, value in row.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if name in ("input_price_nusd_per_million", "output_price_nusd_per_million"):
            found[name] = _whole(value)
        elif match := PRICE.fullmatch(name):
            found[_of(match[1])] = _whole(value * _nusd(match[2]))
        elif match := PRICE_BEFORE.fullmatch(name):
            found[_of(match[2])] = _whole(value * _nusd(match[1]))
    return found


def _whole(written: float) -> int:
    """Of a price that no number holds as much as is more than any price may be: it is refused by its field."""
    return round(min(max(written, -BEYOND_NUSD), BEYOND_NUSD))


def _of(kind: str) -> str:
    return "input_price_nusd_per_million" if kind in ("input", "prompt") else "output_price_nusd_per_million"


def _nusd(per: str) -> int:
    """A dollar for so many tokens, as nano-dollars for a million."""
    return 10**9 if per in ("1m", "million") else 10**12


def _hash(row: Mapping[str, Any]) -> str:
    """What names a row that has no id: the same for the same row."""
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()


def _first(row: Mapping[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _number(value: Any) -> int | None:
    written = str(value or "").removeprefix("v")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None


def _moment(value: Any) -> str | None:
    """As RFC 3339 writes it; a time without a zone is UTC, a number counts seconds (or, beyond the year 5138, milliseconds) since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
        else:
            moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        return None if value is None else said(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return name.isdigit()
    return True
