"""One optimization job under way: how it asks models with its candidates, what it has counted, and how far it says it is."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from burnish_optimizer.ask_chain import NOBODY, ChainUnderTest
from burnish_optimizer.core.candidate import Asked, Form
from burnish_optimizer.core.curve import CurvePoint, extended
from burnish_optimizer.core.hold import capped
from burnish_optimizer.core.reflection_request import edits_in, request_messages, request_settings
from burnish_optimizer.io import evaluations_store, generations_store, work_store
from burnish_optimizer.io.datasets_store import DatasetItem
from burnish_optimizer.io.evaluations import Desk
from burnish_optimizer.io.evaluations_store import ChainRow, Key
from burnish_optimizer.io.generations_store import Member
from burnish_optimizer.io.questions import Answer, Question
from burnish_optimizer.io.runs_store import CallableModel, Job
from burnish_optimizer.io.work_store import Claim
from burnish_optimizer.score_candidates import Fitness, Judged
from burnish_optimizer.search import EditsSoFar, Generation, Item, Progress, Proposal, Reflection, Scored, digest
from burnish_shared.contracts.executions import PromptRef
from burnish_shared.db.session import Database
from burnish_shared.prompt_settings import DEFAULT_TIMEOUT_S, extra_of, settings_of

NIL: Final = UUID(int=0)

REFLECT_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Tried:
    """One candidate on one item: the answer, and what the job's metrics make of it."""

    answer: Answer
    judged: Judged

    @property
    def cost_nusd(self) -> int:
        return self.answer.cost_nusd + self.judged.cost_nusd


@dataclass(slots=True)
class Work:
    """What was loaded, and what has been counted. `models`: those that answer, by name; the job's own and those that are tried."""

    job: Job
    claim: Claim
    db: Database
    desk: Desk
    form: Form
    inputs: dict[str, DatasetItem]
    models: Mapping[str, CallableModel]
    reflect: CallableModel
    fitness: Fitness
    rules: Sequence[str] = ()
    """What edits must keep to, for those who propose."""

    evaluations: int = 0
    spent_nusd: int = 0
    best: float | None = None
    rounds: int = 0
    simulated: bool = False
    forms: dict[str, Asked] = field(default_factory=dict)
    new_texts: list[tuple[bytes, str]] = field(default_factory=list)
    new_scores: list[tuple[UUID, float]] = field(default_factory=list)
    new_generations: list[Generation] = field(default_factory=list)
    generations_seen: int = 0
    reported_at: float = 0.0
    curve: list[CurvePoint] = field(default_factory=list)
    chain: ChainUnderTest | None = None
    """Where candidates are tried as a step of a chain."""

    new_chain_rows: list[ChainRow] = field(default_factory=list)
    model: str | None = None
    """Whose text is searched now, where a job makes one for several models. None: the job's own."""

    so_far: EditsSoFar = field(default_factory=EditsSoFar)
    """Of the search under way."""

    def turn_to(self, model: str, form: Form) -> None:
        """Goes on with the text of another model: the same answers of another model are other evaluations."""
        self.model = None if model == self.job.task_model else model
        self.form, self.forms = form, {}
        self.generations_seen = 0
        self.so_far = EditsSoFar()

    def question(self, text: str) -> str:
        """What names a candidate in the checkpoint, in hex."""
        return digest(text if self.model is None else f"{text}\0{self.model}")

    async def evaluate(self, text: str, item: Item) -> Scored:
        """The search's way out: one candidate on one item."""
        tried = await self.ask(text, self.inputs[item.id])
        return Scored(tried.judged.score, (tried.answer.output or "").strip(), cost_nusd=tried.cost_nusd, said=tried.judged.said)

    async def ask(self, text: str, item: DatasetItem) -> Tried:
        """One candidate on one item, asked and scored once. Raises what asking raises, and EvaluationFailed where nothing scores it."""
        form = self._form(text)
        model = form.model or self.model or self.job.task_model
        if self.chain is not None:
            return await self._ask_chain(self.chain, text, form, item, model=model)
        messages, variables = form.renderer.messages_for(item.input)
        answer = await self._ask_alone(text, form, item, messages, variables, model=self.models[model])
        judged = await self.fitness.judge(answer, expected=item.expected, given=item.input, variables=variables)
        self._count(answer, judged, paid_nusd=answer.cost_nusd)
        if not self.fitness.is_plain:
            self.new_scores.append((answer.execution_id, judged.score))
        return Tried(answer, judged)

    async def _ask_chain(self, chain: ChainUnderTest, text: str, form: Asked, item: DatasetItem, *, model: str) -> Tried:
        """What is judged, and stands in the books under the candidate, is what the whole chain says."""
        ran = await chain.run(form, item, model=model, ref=self._ref() if text == self.form.start else None)
        judged = await self.fitness.judge(ran.answer, expected=ran.expected, given=item.input, variables=ran.variables)
        self._count(ran.answer, judged, paid_nusd=ran.paid_nusd)
        if ran.answer.execution_id != NOBODY:
            key = Key(bytes.fromhex(self.question(text)), item.item_id, 0)
            self.new_chain_rows.append(ChainRow(key, ran.answer.execution_id, ran.answer.output, judged.score, ran.answer.simulated))
        return Tried(ran.answer, judged)

    def _count(self, answer: Answer, judged: Judged, *, paid_nusd: int) -> None:
        self.evaluations += 1
        self.spent_nusd += paid_nusd + judged.cost_nusd
        self.simulated = self.simulated or answer.simulated or judged.simulated

    async def _ask_alone(
        self, text: str, form: Asked, item: DatasetItem, messages: list[dict[str, Any]], variables: dict[str, Any], *, model: CallableModel
    ) -> Answer:
        return await self.desk.ask(
            Question(
                key=Key(bytes.fromhex(self.question(text)), item.item_id, 0),
                route=model.route,
                messages=messages,
                variables=variables,
                settings=capped(settings_of(form.fields), output_tokens_most=model.facts.output_tokens),
                extra=extra_of(form.fields),
                timeout_s=form.fields.get("timeout_s") or DEFAULT_TIMEOUT_S,
                prompt=self._ref() if text == self.form.start else None,
                output_format=form.fields.get("output_format") or "text",
                expected=item.expected,
            )
        )

    async def propose(self, reflection: Reflection) -> Proposal:
        """The search's other way out: edits by a language model."""
        messages = request_messages(reflection, rules=self.rules)
        answer = await self.desk.ask(
            Question(
                key=Key(bytes.fromhex(digest(messages[1]["content"])), NIL, reflection.number),
                route=self.reflect.route,
                messages=messages,
                variables={},
                settings=request_settings(seed=self.job.seed * 1_000_003 + reflection.number),
                timeout_s=REFLECT_TIMEOUT_S,
            )
        )
        self.spent_nusd += answer.cost_nusd
        self.simulated = self.simulated or answer.simulated
        return Proposal(edits=edits_in(answer.output), cost_nusd=answer.cost_nusd)

    async def report(self, progress: Progress) -> None:
        """Writes down how far the search is, with the texts and generations that it made; at most so often."""
        self.best, self.rounds = progress.best, progress.rounds
        if self.model is None:
            self.new_generations += progress.generations[self.generations_seen :]
        self.generations_seen = len(progress.generations)
        now = time.monotonic()
        if now - self.reported_at >= self.desk.settings.progress_interval_s:
            self.reported_at = now
            self.curve = extended(self.curve, evaluations=self.evaluations, spent_nusd=self.spent_nusd, best=progress.best)
            await self.write_progress()

    async def write_progress(self) -> None:
        texts, self.new_texts = self.new_texts, []
        scores, self.new_scores = self.new_scores, []
        chain_rows, self.new_chain_rows = self.new_chain_rows, []
        generations, self.new_generations = self.new_generations, []
        async with self.db.unit_of_work(workspace=self.job.workspace_id) as tx:
            await work_store.write_progress(tx, self.claim, self.progress(), simulated=self.simulated)
            if texts:
                await evaluations_store.remember_texts(tx, self.job.workspace_id, self.job.job_id, texts)
            if chain_rows:
                await evaluations_store.write_chain_rows(tx, self.job.workspace_id, self.job.job_id, chain_rows)
            if scores:
                await evaluations_store.score_again(tx, self.job.workspace_id, self.job.job_id, scores)
            for one in generations:
                await generations_store.record(tx, self.job, number=one.number, members=_members(one), simulated=self.simulated)

    @property
    def is_behind(self) -> bool:
        """Whether it goes on after a stop or a crash, goes once more over what it has, and is not there again."""
        behind: bool = self.evaluations < self.job.progress["evaluations"]
        return behind

    def progress(self) -> dict[str, Any]:
        """Never less than before: what leads is that of before until it is there again."""
        before = self.job.progress
        best = before.get("best") if self.is_behind else self.best
        return {
            "method": self.job.method,
            "round": max(self.rounds, before.get("round", 0)),
            "evaluations": max(self.evaluations, before["evaluations"]),
            "spent_nusd": max(self.spent_nusd, before["spent_nusd"]),
            "best": None if best is None else round(best, 4),
            "budget_evaluations": self.job.budget_evaluations,
            "curve": self.curve,
        }

    def _form(self, text: str) -> Asked:
        if text not in self.forms:
            self.forms[text] = self.form.asked(text)
            self.new_texts.append((bytes.fromhex(self.question(text)), text))
        return self.forms[text]

    def _ref(self) -> PromptRef:
        return PromptRef(prompt_id=self.job.prompt_id, slug=self.job.slug, version=self.job.base_version)


def _members(generation: Generation) -> list[Member]:
    """What lives on unchanged, and what began the search, has no parent but itself."""
    return [
        Member(
            one.text,
            one.operator,
            tuple(dict.fromkeys(parent for parent in one.parents if parent != one.text)) or ((one.text,) if one.parents else ()),
            fitness=round(one.fitness, 6) if one.scores else None,
            scores=({"fitness": round(one.fitness, 6)} if one.scores else {})
            | ({} if one.cost_nusd is None else {"cost_nusd": one.cost_nusd}),
            evaluations=len(one.scores),
        )
        for one in generation.individuals
    ]
