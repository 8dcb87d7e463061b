"""`burnish run`, `replay` and `feedback`: one call, and what somebody says of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from burnish_client.cli.access import REFUSED, WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.given import BadGiven, variables_of
from burnish_client.cli.shown import as_it_came, money, print_json, say
from burnish_client.paths import segment

LabelOption = Annotated[str | None, typer.Option(help="The version that this label names; production without.")]
VersionOption = Annotated[int | None, typer.Option(min=1, help="This version.")]
ModelOption = Annotated[str | None, typer.Option(help="Another model than the version's.")]


def run(
    prompt: Annotated[str, typer.Argument(help="Slug of the prompt.")],
    var: Annotated[list[str] | None, typer.Option("--var", "-v", metavar="NAME=VALUE", help="name=text, name=@file, name:=JSON.")] = None,
    variables: Annotated[str | None, typer.Option("--vars", metavar="FILE", help="JSON object of variables; - for standard input.")] = None,
    label: LabelOption = None,
    version: VersionOption = None,
    model: ModelOption = None,
    user: Annotated[str | None, typer.Option(help="Your own id of the end user.")] = None,
    session: Annotated[str | None, typer.Option(help="Your own id of the conversation.")] = None,
    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="Show the answer as it comes.")] = True,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Run a prompt and print its answer. What it cost stands on standard error."""
    try:
        given = variables_of(var or (), variables)
    except BadGiven as fault:
        stop(str(fault), code=WRONG_USE)
    options: dict[str, Any] = {"label": label, "version": version, "model": model, "user_id": user, "session_id": session}
    options = {name: value for name, value in options.items() if value is not None}
    with reaching(profile) as burnish:
        if as_json or not stream:
            answer: Any = burnish.execute(prompt, given, **options)
            if as_json:
                print_json(answer)
            else:
                print(as_it_came(str(answer.get("output") or "")))
        else:
            with burnish.stream(prompt, given, **options) as pieces:
                for piece in pieces:
                    print(as_it_came(piece), end="", flush=True)
            print()
            answer = pieces.result
        _tell(answer)


def replay(
    execution: Annotated[str, typer.Argument(help="Id of the execution.")],
    label: LabelOption = None,
    version: Annotated[int | None, typer.Option(min=1, help="This version; the one that ran without.")] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Run what was run before once more, with the same variables: by its version, or another version or model.

    It is an execution of its own, which is paid. An event is sent again by `burnish webhooks replay`.
    """
    with reaching(profile) as burnish:
        before = burnish.request("GET", f"/v1/executions/{segment(execution)}")
        first, options = str(before["id"]), dict[str, Any]()
        if before["prompt"]:
            options = {"label": label} if label else {"version": version or before["version"]}
            given, prompt = before["variables"], before["prompt"]
            if given is None:
                stop("Its variables are not kept any more, so it cannot run again.", code=REFUSED)
        else:
            if not before["messages"]:
                stop("Its text is not kept any more, so it cannot run again.", code=REFUSED)
            given, prompt, options = None, None, {"messages": before["messages"], "model": model or before["model"]}
        if model:
            options["model"] = model
        after: Any = burnish.execute(prompt, given, metadata={"replay_of": first}, **options)
        if as_json:
            return print_json({"before": before, "after": after})
        for name, one in (("before", before), ("now", after)):
            facts = (f"version {one.get('version')}", one["model"], money(one.get("cost_nusd")), f"{one.get('latency_ms')} ms", one["id"])
            say(f"--- {name}: {', '.join(facts)}")
            print(as_it_came(str(one.get("output"))))
        return print("=== the same answer" if before.get("output") == after.get("output") else "=== another answer")


def feedback(
    execution: Annotated[str, typer.Argument(help="Id of the execution.")],
    thumb: Annotated[Literal["up", "down"] | None, typer.Option(help="Good or bad.")] = None,
    score: Annotated[float | None, typer.Option(min=0, max=1, help="From 0 to 1.")] = None,
    comment: Annotated[str | None, typer.Option("--comment", "-m", help="In words.")] = None,
    correction: Annotated[str | None, typer.Option(help="What would have been right.")] = None,
    user: Annotated[str | None, typer.Option(help="Your own id of whoever says so.")] = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Say what somebody thinks of an answer."""
    said: dict[str, Any] = {"thumb": thumb, "score": score, "comment": comment, "correction": correction}
    said = {name: value for name, value in said.items() if value is not None}
    if not said:
        stop("Say at least one of --thumb, --score, --comment and --correction.", code=WRONG_USE)
    said |= {"user_id": user} if user else {}
    with reaching(profile) as burnish:
        feedback_id = burnish.feedback(execution, **said)
    return print_json({"feedback_id": feedback_id}) if as_json else say(f"Noted as {feedback_id}.")


def _tell(answer: Any) -> None:
    usage = answer.get("usage") or {}
    parts = [
        f"version {answer['version']}" if answer.get("version") else "",
        str(answer.get("model")),
        f"{usage.get('input_tokens', 0)} + {usage.get('output_tokens', 0)} tokens",
        money(answer.get("cost_nusd")),
        f"{answer.get('latency_ms')} ms",
        "from the cache" if answer.get("cached") else "",
        "simulated" if answer.get("simulated") else "",
        str(answer.get("id")),
    ]
    say(" · ".join(one for one in parts if one), on_stderr=True)
    if answer.get("status") not in (None, "success"):
        stop(f"It ended as {answer['status']}.", code=REFUSED)
