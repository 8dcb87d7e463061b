"""`burnish optimize` and `burnish suggestions`: search a better prompt, watch the search, decide about what it found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from burnish_client.cli.access import NO, REFUSED, WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.given import BadGiven, find_dataset
from burnish_client.cli.shown import moment, money, points, print_json, print_table, say, share
from burnish_client.cli.waiting import Bar, await_end
from burnish_client.paths import segment

if TYPE_CHECKING:
    from burnish_client import Burnish

suggestions = typer.Typer(help="Suggestions: what searches found, to accept or reject.", no_args_is_help=True)

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
OUTCOMES: Final = {
    "improved": "A better prompt was found, and proven on cases that the search never saw.",
    "no_improvement": "Nothing better was proven. Nothing changes.",
    "not_enough_data": "There are too few cases to prove anything.",
    "no_headroom": "The prompt has nothing to gain on these cases.",
}
REASONS: Final = {
    "nothing_to_gain": "Nothing that was tried did better than the version that is there, and it stopped early.",
    "nothing_found": "Nothing that was proposed was better than the version that is there.",
    "not_confirmed": "The best texts were not better on the validation items.",
    "not_proven_on_test": "The best text was not surely better on the untouched test items.",
    "out_of_budget": "The budget was spent before anything could be proven.",
    "out_of_time": "The time was up before anything could be proven.",
    "suspended": "The workspace was suspended before anything could be proven.",
    "model_failed": "The model did not answer.",
    "proven_then_out_of_budget": "The budget was spent before the other models had theirs.",
    "proven_then_out_of_time": "The time was up before the other models had theirs.",
    "proven_then_suspended": "The workspace was suspended before the other models had theirs.",
    "proven_then_model_failed": "Another model did not answer, and has none.",
    "test_looks_spent": "The test split was looked at too often: add at least as many fresh test items as there are.",
}
"""Why a search ended, where its outcome does not say it."""

SIMULATED: Final = "The model is simulated: this is no figure of a real one."


def optimize(
    prompt: Annotated[str, typer.Argument(help="Slug of the prompt.")],
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Id or name of a dataset, or a file (JSONL, CSV) that becomes one.")
    ] = None,
    from_feedback: Annotated[bool, typer.Option("--from-feedback", help="Instead: answers that people corrected or liked.")] = False,
    evaluations: Annotated[int | None, typer.Option(min=50, max=100_000, help="The most calls of the model; 2000 without.")] = None,
    credit: Annotated[float | None, typer.Option("--credits", min=0, help="The most it may cost, in credits of one US cent.")] = None,
    method: Annotated[str | None, typer.Option(help="racing without; see docs/guides/optimization.md.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="The version to improve; what production names without.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Makes it repeatable.")] = None,
    forecast: Annotated[bool, typer.Option("--forecast", help="Say what it would take and cost, and start nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end; Ctrl-C cancels the search.")] = False,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Search for a better prompt. With --watch it ends with 0 where one was proven, and with 1 where none was."""
    body: dict[str, Any] = {"prompt": prompt, "method": method, "version": version, "seed": seed}
    body["budget"] = {name: value for name, value in (("evaluations", evaluations), ("credits", credit)) if value is not None} or None
    body = {name: value for name, value in body.items() if value is not None}
    if from_feedback == (dataset is not None):
        stop("Give --dataset or --from-feedback, one of them.", code=WRONG_USE)
    with reaching(profile) as burnish:
        try:
            body |= {"source": "feedback"} if dataset is None else {"dataset_id": find_dataset(burnish, dataset)}
        except BadGiven as fault:
            stop(str(fault), code=WRONG_USE)
        if forecast:
            return _tell_forecast(burnish.request("POST", "/v1/optimizations/forecast", body), as_json=as_json)
        started = burnish.request("POST", "/v1/optimizations", body)
        if not watch:
            if as_json:
                return print_json(started)
            return say(f"Started {started['id']}. Follow it: burnish optimization {started['id']}")
        return _follow(burnish, str(started["id"]), as_json=as_json, cancels=True)


def optimization(
    job: Annotated[str, typer.Argument(help="Id of the optimization.")],
    cancel: Annotated[bool, typer.Option("--cancel", help="Stop it. What it has not spent comes back.")] = False,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Follow an optimization to its end, or stop it. Ctrl-C ends the following alone; the search goes on."""
    with reaching(profile) as burnish:
        if cancel:
            burnish.request("POST", f"/v1/optimizations/{segment(job)}/cancel")
        _follow(burnish, job, as_json=as_json, cancels=False)


def _follow(burnish: Burnish, job_id: str, *, as_json: bool, cancels: bool) -> None:
    path = f"/v1/optimizations/{segment(job_id)}"

    def to_the_end() -> Any:
        with Bar("searching") as bar:
            return await_end(
                lambda: burnish.request("GET", path),
                is_over=lambda job: job["status"] in ENDED,
                progress=lambda job: bar.show(*_progress(job)),
            )

    try:
        if cancels:
            print(f"Started {job_id}; Ctrl-C cancels it.", file=sys.stderr, flush=True)
        job = to_the_end()
    except KeyboardInterrupt:
        if not cancels:
            raise
        print("\nCancelling the search …", file=sys.stderr, flush=True)
        burnish.request("POST", f"{path}/cancel")
        ended = to_the_end()
        say(f"{job_id} is {ended['status']}. {_spent(ended)}", on_stderr=True)
        raise typer.Exit(130) from None
    _tell_end(job, as_json=as_json)


def _progress(job: dict[str, Any]) -> tuple[float, float | None, str]:
    """Done, of how many, and the same in words."""
    progress, most = job["progress"], (job.get("budget") or {}).get("evaluations")
    done = progress.get("evaluations") or 0
    best, gain = "", progress.get("best")
    if gain is not None:
        best = f", best {points(gain)} points on train" if gain > 0 else ", nothing better yet"
    return done, most, f"{job['status']}, {done:,} of {most or 0:,} evaluations, {money(progress.get('spent_nusd') or 0)}{best}"


def _tell_end(job: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(job)
    else:
        say(OUTCOMES.get(str(job.get("outcome")), f"It is {job['status']}."))
        if reason := REASONS.get(str(job.get("finish_reason"))):
            print(f"  {reason}")
        for one in (job.get("report") or {}).get("lacking", ()):
            say(f"  {_there_is(one)}")
        if test := job.get("test"):
            print(_in_words(test))
            if job.get("outcome") != "improved" and test["p_value"] > test["alpha"]:
                print(_not_sure(test))
        print(_spent(job))
        if job.get("simulated"):
            print(SIMULATED)
        if job.get("suggestion_id"):
            say(f"Look at it: burnish suggestions show {job['suggestion_id']}")
    if job["status"] == "failed":
        stop(str((job.get("error") or {}).get("message", "It failed.")), code=REFUSED)
    if job.get("outcome") != "improved":
        raise typer.Exit(NO)


def _spent(job: dict[str, Any]) -> str:
    """What it cost, whatever came of it."""
    progress = job.get("progress") or {}
    return f"It made {progress.get('evaluations') or 0:,} evaluations and spent {money(progress.get('spent_nusd') or 0)}."


def _in_words(test: dict[str, Any]) -> str:
    level = f"{100 * test['confidence']:.3g} % " if "confidence" in test else ""
    return (
        f"On {test['n']} test items: {share(test['baseline'])} before, {share(test['candidate'])} after; "
        f"{points(test['delta'])} points ({level}interval {points(test['ci_low'])} to {points(test['ci_high'])})."
    )


def _not_sure(test: dict[str, Any]) -> str:
    """Why it is not proven, also where the interval is above zero: it is counted otherwise than the test."""
    return (
        f"Look {test['look']} at these test items: p is {test['p_value']:.2g}, and had to be at most {test['alpha']:.2g}. Each look must "
        "be surer than the one before; after five, add as many fresh test items as there are."
    )


def _there_is(lacking: dict[str, Any]) -> str:
    return f"{lacking['have']:,} of at least {lacking['needed']:,} {lacking['what'].replace('_', ' ')}"


def _tell_forecast(plan: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        return print_json(plan)
    forecast = plan.get("forecast", plan)
    most, aside = money(forecast["cost_nusd"]), money(forecast["set_aside_nusd"])
    print(f"{forecast['evaluations']:,} evaluations, about {most}; {aside} is set aside, and what is not used comes back.")
    for one in plan.get("short_budgets") or ():
        print(f"The budget {one['name']!r} lets {money(one['left_nusd'])} through this {one['period']}; what runs into it ends there.")
    if lacking := plan.get("lacking"):
        print("It would end at once, for too little data:")
        for one in lacking:
            say(f"  {_there_is(one)}")
    if plan.get("least_evaluations"):
        print(f"The least that is enough: {plan['least_evaluations']:,} evaluations.")
    return None


@suggestions.command("list")
def list_suggestions(
    prompt: Annotated[str | None, typer.Option("--prompt", "-p", help="Only of this prompt.")] = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Show suggestions, the newest first."""
    with reaching(profile) as burnish:
        found = burnish.request("GET", "/v1/suggestions", query={"prompt": prompt, "limit": 50})["data"]
        rows = [] if as_json else [(moment(one["created_at"]), one["status"], one["prompt"], one["id"]) for one in found]
    if as_json:
        return print_json(found)
    return print_table(("made", "status", "prompt", "id"), rows, empty="There are no suggestions yet.")


@suggestions.command("show")
def show_suggestion(
    suggestion: Annotated[str, typer.Argument(help="Id of the suggestion.")], as_json: JsonOption = False, profile: ProfileOption = None
) -> None:
    """Show a suggestion: what it would change, and what proves it."""
    with reaching(profile) as burnish:
        one = burnish.request("GET", f"/v1/suggestions/{segment(suggestion)}")
        if as_json:
            return print_json(one)
        say(f"{one['prompt']}: version {one.get('base_version')}, {one['status']}")
        for message in (one.get("content") or {}).get("messages") or ():
            say(f"\n[{message.get('role')}]\n{message.get('content')}")
        _tell_proof(one)
        return _tell_decision(one)


def _changed(times: float) -> str:
    """As the page says it: from tenfold on a percentage says nothing to anybody."""
    if times >= 10:
        return f"×{times:,.0f}" if times < 1_000 else "more than ×1,000"
    return f"{100 * (times - 1):+.0f} %"


def _tell_proof(one: dict[str, Any]) -> None:
    evidence = one.get("evidence") or {}
    print()
    if test := evidence.get("test"):
        print(f"{_in_words(test)} {test.get('fixed', 0)} fixed, {test.get('broken', 0)} broken.")
    if (cost := evidence.get("cost") or {}).get("baseline_nusd"):
        before, after = cost["baseline_nusd"], cost["candidate_nusd"]
        print(f"An answer's cost there: {money(before)} before, {money(after)} after ({_changed(after / before)}).")
    if one.get("simulated"):
        print(SIMULATED)
    if one.get("rollout_warning"):
        say(one["rollout_warning"])


def _tell_decision(one: dict[str, Any]) -> None:
    if one["status"] == "open":
        say(f"\nAccept it: burnish suggestions accept {one['id']}")
    elif one["status"] == "rejected":
        say(f"\nRejected: {one.get('reason')}")
    else:
        moved = f"; {one['label']} moved to it" if one.get("label") else ""
        say(f"\nAccepted as version {one.get('accepted_version')}{moved}.")
        if one.get("experiment_id"):
            say(f"Its rollout: GET /v1/experiments/{one['experiment_id']}")


SWITCHES: Final = {
    'accept with "force": true': "accept with --force",
    "Set label to null and give the version that model": "Say --label '' and give the version that model",
    "begin a rollout": "begin a rollout with --rollout",
}
"""What refusals of the API call otherwise than this command does."""


@suggestions.command()
def accept(
    suggestion: Annotated[str, typer.Argument(help="Id of the suggestion.")],
    label: Annotated[str, typer.Option(help="The label that moves to it; an empty one moves none.")] = "production",
    force: Annotated[bool, typer.Option(help="Also where the label names another version by now, or calls another model.")] = False,
    rollout: Annotated[bool, typer.Option("--rollout", help="Begin a guarded rollout, which moves the label at its end.")] = False,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Make a version of a suggestion. `burnish prompts pull` brings it into the files."""
    with reaching(profile, switches=SWITCHES) as burnish:
        body = {"label": label or None, "force": force} | ({"rollout": "guarded"} if rollout else {})
        done = burnish.request("POST", f"/v1/suggestions/{segment(suggestion)}/accept", body)
        if done.get("rollout_warning"):
            say(done["rollout_warning"], on_stderr=True)
        began = f"; a guarded rollout began: {done['experiment_id']}" if done.get("experiment_id") else ""
        return print_json(done) if as_json else say(f"Accepted: {done['prompt']} version {done['version']}{began}.")


@suggestions.command()
def reject(
    suggestion: Annotated[str, typer.Argument(help="Id of the suggestion.")],
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why.")],
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Turn a suggestion down."""
    with reaching(profile) as burnish:
        done = burnish.request("POST", f"/v1/suggestions/{segment(suggestion)}/reject", {"reason": reason})
    return print_json(done) if as_json else print("Rejected.")
