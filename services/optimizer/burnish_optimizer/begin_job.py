"""What a job needs before it searches: rows that are read once, the method and the task made of them, and what it says of itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from burnish_optimizer.ask_chain import ChainUnderTest
from burnish_optimizer.core.candidate import Form, NearestForm, SettingsForm, TextForm
from burnish_optimizer.core.chain_steps import SAID_TO_PROPOSERS, ChainSteps
from burnish_optimizer.core.method_of import method_of
from burnish_optimizer.core.prompt_text import EditablePrompt
from burnish_optimizer.io import datasets_store, generations_store, history_store, runs_store
from burnish_optimizer.io.datasets_store import DatasetItem, TestSplitFacts
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluators_store import SavedEvaluator, load_evaluators
from burnish_optimizer.io.history_store import Comment
from burnish_optimizer.io.judges_desk import JudgesDesk
from burnish_optimizer.io.runs_store import CallableModel, Job
from burnish_optimizer.io.work_store import Claim
from burnish_optimizer.job_under_way import Work
from burnish_optimizer.score_candidates import Fitness
from burnish_optimizer.search import Contract, Effect, Guard, Item, Learned, Method, Nearest, NoSignal, SearchResult, Task, learn
from burnish_shared.contracts.searches import ChainSearch, Search
from burnish_shared.db.session import Database, Tx
from burnish_shared.evaluators import Grounds
from burnish_shared.nearest_examples import POOL_MOST, asked_of
from burnish_shared.omitted import files_named
from burnish_shared.search_budget import items_lacking

EXAMPLE_CHARS_MOST: Final = 1_000
"""A longer item is no example: a version must stay small enough to be sent."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A job with everything that it reads before it begins."""

    job: Job
    search: Search
    method: Method
    models: dict[str, CallableModel]
    reflect: CallableModel
    train: tuple[DatasetItem, ...]
    validation: tuple[DatasetItem, ...]
    test: TestSplitFacts
    saved: list[SavedEvaluator]
    comments: list[Comment] = field(default_factory=list)
    learned: Learned | NoSignal | None = None
    chain: ChainSteps | None = None

    @property
    def margin(self) -> float | None:
        """How much worse a shorter prompt may be; None where better is asked for."""
        return self.search.compression.margin if self.job.method == "compression" and self.search.compression else None


async def load_job(claim: Claim, *, db: Database) -> Loaded:
    """Raises InvalidField and NoProviderKey where a model cannot be called any more."""
    async with db.unit_of_work(workspace=claim.workspace_id) as tx:
        job = await runs_store.load_job(tx, claim)
        search = job.asked
        wanted = [job.task_model, *search.models, *(search.settings.space.get("model", ()) if search.settings else ())]
        wanted += [one.model for name, one in search.chain.prompts.items() if name != search.chain.step] if search.chain else []
        models = {one: await runs_store.load_model(tx, job.workspace_id, one) for one in dict.fromkeys(wanted)}
        reflect = await runs_store.load_model(tx, job.workspace_id, job.reflect_model)
        dataset, version = job.dataset_id, job.dataset_version
        train = await datasets_store.load_search_items(tx, job.workspace_id, dataset, version=version, split="train")
        validation = await datasets_store.load_search_items(tx, job.workspace_id, dataset, version=version, split="validation")
        test = await datasets_store.test_split_facts(tx, job.workspace_id, dataset, version=version, job_id=job.job_id)
        evaluators = [one.evaluator_id for one in search.metrics if one.evaluator_id is not None]
        saved = await load_evaluators(tx, job.workspace_id, evaluators, as_of=job.created_at)
        comments = await _comments(tx, job, search)
        chain = (
            ChainSteps.of(search.chain, await runs_store.load_chain_versions(tx, job.workspace_id, search.chain, pinned=job.pinned))
            if search.chain
            else None
        )
        rows = await _scored_prompts(tx, job, search)
        seeds = await generations_store.seeds(tx, job)
    learned = None if rows is None else await asyncio.to_thread(learn, rows, seed=job.seed)
    method = method_of(job.method, search, comments=[one.text for one in comments], learned=learned, seeds=seeds)
    return Loaded(job, search, method, models, reflect, train, validation, test, saved, comments, learned, chain)


async def begin_work(loaded: Loaded, claim: Claim, *, db: Database, desk: Desk, grounds: Grounds) -> Work:
    """The job with its metrics ready to score."""
    job, search = loaded.job, loaded.search
    judges = JudgesDesk(desk, db, {"job_id": str(job.job_id)})
    fitness = await Fitness.of(
        search.metrics, loaded.saved, judge=search.judge_model, grounds=grounds, tenant=str(job.workspace_id), ask=judges.ask
    )
    form = form_of(loaded)
    chain = None if loaded.chain is None else ChainUnderTest(loaded.chain, desk, loaded.models, {"job_id": str(job.job_id)})
    rules = [rule for rule in search.rules if rule.strip() not in _lines(form.start)]
    return Work(
        job=job,
        claim=claim,
        db=db,
        desk=desk,
        form=form,
        inputs={str(item.item_id): item for item in (*loaded.train, *loaded.validation)},
        models=loaded.models,
        reflect=loaded.reflect,
        fitness=fitness,
        rules=rules if chain is None else [SAID_TO_PROPOSERS, *rules],
        chain=chain,
        curve=list(job.progress.get("curve", [])),
    )


def form_of(loaded: Loaded, model: str | None = None) -> Form:
    """How the job's candidates are read, of the text for `model` where that is not the job's. Raises InvalidField."""
    job, search = loaded.job, loaded.search
    prompt = EditablePrompt.of(job.content, snippets=job.snippets, model=model or job.task_model)
    if job.method == "settings" and search.settings is not None:
        return SettingsForm(job.content, prompt, search.settings.space, job.task_model)
    if isinstance(loaded.method, Nearest):
        return NearestForm(job.content, prompt, example_pool(loaded.train))
    return TextForm(job.content, prompt, model or job.task_model)


def example_pool(train: Sequence[DatasetItem]) -> list[dict[str, str]]:
    """Train items with a right answer that may stand in a prompt, at most POOL_MOST, the answers in turn so that each has its share."""
    guard = Guard(Task("", (), ()))
    by_answer: dict[str, list[dict[str, str]]] = {}
    for item in train:
        one = _item(item)
        if not one.is_open and guard.may_be_shown(one) and len(one.input) <= EXAMPLE_CHARS_MOST:
            given = item.input if isinstance(item.input, str) else asked_of([], item.input)
            by_answer.setdefault(one.expected, []).append({"input": given, "expected": one.expected})
    turns = zip_longest(*by_answer.values())
    return [one for turn in turns for one in turn if one is not None][:POOL_MOST]


def task_of(work: Work, loaded: Loaded) -> Task:
    """What the search is given. Rules that stand in the prompt as lines stay there; the others are for those who propose."""
    search, start = loaded.search, work.form.start
    limits = search.constraints
    anchors = frozenset(limits.anchors)
    contract = Contract(
        locked=tuple(block for block in search.locked if block in start),
        rules=tuple(rule for rule in search.rules if rule.strip() in _lines(start)),
        changed_lines_most=limits.changed_lines_most,
        tokens_most=limits.tokens_most,
    )
    return Task(
        prompt=start,
        train=_items(loaded.train, anchors=anchors),
        validation=_items(loaded.validation, anchors=anchors),
        examples_allowed=search.examples_allowed,
        contract=contract if isinstance(work.form, TextForm) else Contract(),
    )


def report_of(work: Work, loaded: Loaded, result: SearchResult | None) -> dict[str, Any]:
    """What a job has to say beside its figures, in words and lists for people."""
    notes = list(result.notes) if result else []
    report: dict[str, Any] = {}
    learned = loaded.learned
    if isinstance(learned, NoSignal):
        notes.append(f"no signal: {learned.reason}")
        report["learned"] = {"signal": False, "reason": learned.reason, "spearman": learned.spearman, "rows": learned.rows}
    if isinstance(learned, Learned):
        told = [{"feature": one.feature, "value": one.value, "low": one.low, "high": one.high} for one in learned.explain()]
        report["learned"] = {"signal": True, "spearman": learned.spearman, "rows": learned.rows, "contributions": told}
    if loaded.job.method == "semantic":
        report["themes"] = _themes(loaded.comments, result)
        report["comments"] = len(loaded.comments)
    fitness = work.fitness
    if fitness.unavailable or fitness.unscored:
        report["unavailable"] = dict(fitness.unavailable)
        report["unscored"] = dict(fitness.unscored)
    return report | ({"notes": notes} if notes else {})


def lacking_of(loaded: Loaded, finish_reason: str) -> list[dict[str, Any]]:
    """Of what there was too little: how much there is and how much it takes at least. Empty where it was not items."""
    if finish_reason not in ("too_few_test_items", "not_enough_data", "test_looks_spent"):
        return []
    wanted = items_lacking(
        train_items=len(loaded.train), validation_items=len(loaded.validation), test_items=loaded.test.items,
        test_least=loaded.search.min_samples, are_looks_spent=finish_reason == "test_looks_spent",
    )  # fmt: skip
    return [{"what": what, "have": there, "needed": needed} for what, there, needed in wanted]


def facts_of(work: Work, loaded: Loaded, result: SearchResult) -> dict[str, Any]:
    job, test, search = work.job, loaded.test, loaded.search
    return {
        "method": job.method,
        "models": {"task": job.task_model, "reflect": job.reflect_model} | ({"judge": search.judge_model} if search.judge_model else {}),
        "dataset": {"id": str(job.dataset_id), "version": job.dataset_version, "test_version": test.test_version, "test_reads": test.reads},
        "metrics": [one.model_dump(mode="json", exclude_none=True) for one in work.fitness.metrics],
        "unavailable": dict(work.fitness.unavailable),
        **({"chain": _chain_told(search.chain)} if search.chain else {}),
        "seed": job.seed,
        "evaluations": work.evaluations,
        "proposals": result.proposals,
        "rounds": result.rounds,
        "spent_nusd": work.spent_nusd,
        "rejected": len(result.rejected),
        "simulated": work.simulated,
    }


def _chain_told(chain: ChainSearch) -> dict[str, Any]:
    """What the gain was measured in."""
    prompts = {step: f"{one.slug}@{one.version}" for step, one in chain.prompts.items()}
    return {"slug": chain.slug, "version": chain.version, "step": chain.step, "prompts": prompts}


def _themes(comments: Sequence[Comment], result: SearchResult | None) -> list[dict[str, Any]]:
    """Cluster → its comments → what came of it. Effects are measured, on the items that the edits were tried on."""
    rows = []
    for theme in result.themes if result else ():
        own = [effect for effect in (result.effects if result else ()) if effect.theme == theme.words]
        rows.append(
            {
                "words": list(theme.words),
                "size": len(theme.members),
                "feedback_ids": [str(comments[index].feedback_id) for index in theme.members][:50],
                "edits": [_effect(one) for one in own],
            }
        )
    return rows


def _effect(one: Effect) -> dict[str, Any]:
    return {
        "text": one.edit.text,
        "state": one.state,
        "effect": round(one.mean, 4),
        "effect_low": round(one.mean - 1.96 * one.sd, 4),
        "effect_high": round(one.mean + 1.96 * one.sd, 4),
    }


async def _comments(tx: Tx, job: Job, search: Search) -> list[Comment]:
    asked = search.semantic
    if asked is None:
        return []
    return await history_store.comments(
        tx, job.workspace_id, job.prompt_id, until=job.created_at, days=asked.days, most=asked.comments_most
    )


async def _scored_prompts(tx: Tx, job: Job, search: Search) -> list[Any] | None:
    """None: nobody asked for them."""
    if search.learned is None and not (search.evolutionary and search.evolutionary.use_learned):
        return None
    return await history_store.scored_prompts(tx, job.workspace_id, job_id=job.job_id, prompt_id=job.prompt_id, until=job.created_at)


def _items(items: Sequence[DatasetItem], *, anchors: frozenset[UUID]) -> tuple[Item, ...]:
    """As the search sees them: variables become one text, for comparing and for showing to the one who proposes; of a picture or file its
    name, since its bytes say nothing in a text and fill a model's context."""
    return tuple(_item(item, is_anchor=item.item_id in anchors) for item in items)


def _item(item: DatasetItem, *, is_anchor: bool = False) -> Item:
    return Item(id=str(item.item_id), input=_text(item.input), expected=(item.expected or "").strip(), is_anchor=is_anchor)


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.split("\n"))


def _text(given: str | dict[str, Any]) -> str:
    return files_named(given if isinstance(given, str) else "\n".join(f"{name}: {value}" for name, value in sorted(given.items())))
