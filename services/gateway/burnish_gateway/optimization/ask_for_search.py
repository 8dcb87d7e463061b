"""From what a caller asks for to what a job keeps: each fault named before anything is set aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.model_settings import ModelSettings
from burnish_gateway.optimization import store
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.optimization.edited_text import breach_in_words
from burnish_gateway.registry.prompt import Prompt, Version
from burnish_shared.contracts import searches
from burnish_shared.contracts.evaluators import EvaluatorSettings, LlmJudge
from burnish_shared.contracts.searches import Search
from burnish_shared.db.session import Tx
from burnish_shared.editable import editable_index
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.model_patterns import best_pattern
from burnish_shared.prompt_contract import Contract, breach
from burnish_shared.template import parse_messages

NO_FEEDBACK = (
    "metrics: feedback is unavailable here, because nobody sees the answers of a search; give another metric a weight, or use the method "
    "semantic, which reads what people said"
)


@dataclass(frozen=True, slots=True)
class AskedSearch:
    """`judges`: what each answer is judged with beside the models that answer, for the forecast."""

    search: Search
    judges: list[EvaluatorSettings]


async def asked_search(
    tx: Tx,
    workspace_id: UUID,
    body: OptimizationBody,
    *,
    prompt: Prompt,
    version: Version,
    task_model: str,
    dataset_id: UUID,
    chain: searches.ChainSearch | None = None,
) -> AskedSearch:
    """`task_model`: whose text is searched; in a chain, its step's. Raises InvalidField, NotFound, Conflict, naming what is at fault."""
    settings = await store.evidence_settings(tx, workspace_id)
    await _check_anchors(tx, workspace_id, body, dataset_id=dataset_id)
    _check_method(body, settings, prompt=prompt, version=version, task_model=task_model)
    judges = await _judges(tx, body)
    parts: dict[str, Any] = {name: getattr(body, name) for name in searches.METHODS if name != "racing"}
    if body.method in parts and parts[body.method] is None:
        parts[body.method] = _usual(body.method)
    search = Search(
        **parts,
        metrics=body.metrics,
        constraints=body.constraints,
        locked=list(prompt.locked_blocks),
        rules=list(prompt.rules),
        examples_allowed=settings["examples_in_prompts"],
        judge_model=body.models.judge,
        models=[one for one in dict.fromkeys(body.models.variants) if one != task_model],
        chain=chain,
        source=body.source,
        min_samples=settings["min_samples"],
        confidence=settings["confidence"],
    )
    return AskedSearch(search, judges)


def _usual(method: str) -> Any:
    """The parameters of a method of which nothing is said."""
    field = Search.model_fields[method].annotation
    kind = next(one for one in getattr(field, "__args__", ()) if one is not type(None))
    return kind()


def _check_method(body: OptimizationBody, settings: Record, *, prompt: Prompt, version: Version, task_model: str) -> None:
    if body.method == "few_shot" and not settings["examples_in_prompts"]:
        raise Conflict(
            "method: few_shot puts items of the dataset into the prompt, and this workspace does not allow that; an admin may set "
            "examples_in_prompts with PATCH /v1/workspaces/{id}.",
            param="method",
        )
    if body.settings is not None:
        tools = {str((one.get("function") or {}).get("name")) for one in version.content.settings.get("tools") or ()}
        for name in body.settings.space:
            if name.startswith("tools.") and name.removeprefix("tools.") not in tools:
                raise InvalidField(
                    f"settings.space: the version has no tool {name.removeprefix('tools.')[:60]!r}.", param=f"settings.space.{name[:80]}"
                )
        _check_values(body.settings)
    if body.manual is not None:
        _check_candidates(body.manual, body, prompt=prompt, version=version, task_model=task_model)


def _check_candidates(manual: searches.ManualSearch, body: OptimizationBody, *, prompt: Prompt, version: Version, task_model: str) -> None:
    """What the search would reject of a text that somebody brings is refused here, before anything is set aside. Raises InvalidField."""
    content = version.content.fields()
    variants = {one["model"]: one["messages"] for one in content.get("variants") or ()}
    own = best_pattern(variants, task_model)
    messages = content["messages"] if own is None else variants[own]
    index = editable_index(messages)
    if index is None:
        return
    start: str = messages[index]["content"]
    lines = {line.strip() for line in start.split("\n")}
    contract = Contract(
        locked=tuple(prompt.locked_blocks),
        rules=tuple(rule for rule in prompt.rules if rule.strip() in lines),
        changed_lines_most=body.constraints.changed_lines_most,
        tokens_most=body.constraints.tokens_most,
    )
    for place, text in enumerate(manual.candidates):
        reason = breach(contract, start, text)
        if reason is not None:
            raise InvalidField(
                f"manual.candidates[{place}]: no candidate, because it {breach_in_words(reason, start, text)}.",
                param=f"manual.candidates[{place}]",
            )
        whole = [message | {"content": text} if at == index else message for at, message in enumerate(messages)]
        try:
            parse_messages(whole, parameters=content.get("parameters"))
        except InvalidField as error:
            raise InvalidField(f"manual.candidates[{place}]: no candidate: {error.message}", param=f"manual.candidates[{place}]") from None


def _check_values(asked: searches.SettingsSearch) -> None:
    """The bounds of a version hold for what is tried: a value beyond them could not be saved. Raises InvalidField."""
    for name in asked.space.keys() & ModelSettings.model_fields.keys():
        for index, value in enumerate(asked.space[name]):
            try:
                ModelSettings.model_validate({name: value})
            except InvalidField as error:
                where, (_, _, why) = f"settings.space.{name}[{index}]", error.message.partition(": ")
                raise InvalidField(f"{where}: {why}.", param=where) from None


async def _judges(tx: Tx, body: OptimizationBody) -> list[EvaluatorSettings]:
    """What is asked of each answer. Raises InvalidField where nothing with a weight has its means, NotFound for an evaluator."""
    wanted = [one.evaluator_id for one in body.metrics if one.evaluator_id is not None]
    missing = await store.missing_evaluators(tx, wanted)
    if missing:
        raise NotFound(f"metrics: there is no evaluator {missing[0]}, or it is archived.", param="metrics")
    judge = body.models.judge
    for index, one in enumerate(body.metrics):
        if one.metric in ("relevance", "coherence") and judge is None:
            raise InvalidField(
                f"metrics: {one.metric} takes a model that judges; name one in models.judge.", param=f"metrics[{index}].metric"
            )
    if body.metrics and all(one.metric == "feedback" for one in body.metrics if one.counts):
        raise InvalidField(NO_FEEDBACK + ".", param="metrics")
    return [*(await store.settings_of(tx, wanted)), *_built_in(body.metrics, judge)]


def _built_in(metrics: Sequence[searches.Metric], judge: str | None) -> list[EvaluatorSettings]:
    found: list[EvaluatorSettings] = []
    for one in metrics:
        if one.metric in ("relevance", "coherence") and judge is not None:
            found.append(LlmJudge(kind="llm_judge", rubric=one.metric, model=judge))
    return found


async def _check_anchors(tx: Tx, workspace_id: UUID, body: OptimizationBody, *, dataset_id: UUID) -> None:
    found = await store.search_items(tx, workspace_id, dataset_id, list(body.constraints.anchors))
    for index, item_id in enumerate(body.constraints.anchors):
        if item_id not in found:
            raise InvalidField(
                f"constraints.anchors[{index}]: the dataset has no train or validation item {item_id}; test items cannot be anchors, "
                "because a search never sees them.",
                param=f"constraints.anchors[{index}]",
            )
