"""What a candidate meets as a step of a chain, and what of a run is judged: the output of the whole chain (docs/decisions/0048). Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from burnish_optimizer.core.prompt_text import EditablePrompt, Renderer
from burnish_shared.asked_json import json_asked_for
from burnish_shared.chains.form import Call, Chain, Step, all_steps, inside
from burnish_shared.chains.json_answer import json_of
from burnish_shared.chains.read_form import read_chain
from burnish_shared.chains.walk import SUCCESS, Finished, Result
from burnish_shared.contracts.executions import PromptRef
from burnish_shared.contracts.searches import ChainSearch, TestedChain
from burnish_shared.errors import BurnishError
from burnish_shared.prompt_settings import DEFAULT_TIMEOUT_S, with_overrides
from burnish_shared.template.snippets import Snippet

SAID_TO_PROPOSERS: Final = (
    "This prompt is one step of a chain: `expected` and `got` are what the whole chain answers. Keep the form of this step's own answer, "
    "which later steps read."
)


@dataclass(frozen=True, slots=True)
class StepPrompt:
    """How the prompt of a step is asked with. `fields`: the content of its version, with what the step sets over it."""

    renderer: Renderer
    fields: Mapping[str, Any]
    model: str
    ref: PromptRef | None

    @property
    def timeout_s(self) -> float:
        return float(self.fields.get("timeout_s") or DEFAULT_TIMEOUT_S)

    @property
    def output_format(self) -> str:
        return self.fields.get("output_format") or "text"


@dataclass(frozen=True, slots=True)
class ChainSteps:
    """The chain of a job or a test run. `step`: whose prompt is searched, None where none is; `others`: what stands still, by id."""

    slug: str
    chain: Chain
    step: str | None
    calls: Mapping[str, Call]
    others: Mapping[str, StepPrompt]

    @classmethod
    def of(cls, asked: TestedChain, versions: Mapping[str, tuple[dict[str, Any], dict[str, Snippet]]]) -> "ChainSteps":
        """`versions`: content and snippets of what each step runs, by id, but for the searched one. Raises InvalidField where one has no
        text."""
        chain = read_chain(asked.form)
        calls = {step.id: step.does for step in all_steps(chain.steps) if isinstance(step.does, Call)}
        others: dict[str, StepPrompt] = {}
        for name, (content, snippets) in versions.items():
            named = asked.prompts[name]
            prompt = EditablePrompt.of(content, snippets=snippets, model=named.model)
            ref = PromptRef(prompt_id=named.prompt_id, slug=named.slug, version=named.version)
            others[name] = StepPrompt(prompt.renderer(prompt.text), with_overrides(content, calls[name].overrides), named.model, ref)
        return cls(asked.slug, chain, asked.step if isinstance(asked, ChainSearch) else None, calls, others)

    def prompt_of(self, name: str, own: StepPrompt | None) -> StepPrompt:
        """What this step runs where `own` is the candidate. None: there is none, since no step is searched."""
        return own if own is not None and name == self.step else self.others[name]

    def has_way_out(self, name: str) -> bool:
        """Whether the chain goes on where this step cannot be asked; of the searched step that would judge what nobody tried."""
        return name != self.step and _goes_on(self.chain.steps, name, caught=False)


def _goes_on(steps: tuple[Step, ...], name: str, *, caught: bool) -> bool:
    """`caught`: something around these steps goes on where one of them fails."""
    for step in steps:
        here = caught or step.on_error == "continue"
        if step.id == name:
            return here or bool(step.fallback)
        if any(_goes_on(within, name, caught=here or (bool(step.fallback) and within is not step.fallback)) for within in inside(step)):
            return True
    return False


def question_of(step: str, *, model: str, messages: list[dict[str, Any]], settings: Mapping[str, Any]) -> bytes:
    """Names a call of a step by what is asked: candidates that come to the same question share one answer, and it is paid once."""
    text = json.dumps(["chain step", step, model, messages, dict(settings)], sort_keys=True, ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def result_of(output: str | None, error: Mapping[str, Any] | None, *, prompt: StepPrompt) -> Result:
    """The end of a step, from the answer of its evaluation. Without an output it has failed, and the chain goes on as it says."""
    if output is None:
        return Result("error", error=dict(error) if error else {"code": "failed", "message": "The step failed."}, model=prompt.model)
    is_json = json_asked_for(output, prompt.fields, prompt.output_format) is not None
    return Result(SUCCESS, output, json_of(output), is_json, prompt.model)


def refused(error: BurnishError) -> Result:
    """Of a step that could not be asked: what it was given does not fit its prompt."""
    return Result("error", error={"code": error.code, "message": error.message})


def output_of(finished: Finished) -> str | None:
    """What the chain says, as one text: JSON where it is no text. None where it failed."""
    return as_text(finished.output) if finished.status == SUCCESS else None


def as_text(value: Any) -> str:
    """A text as it is; anything else in the one spelling of its JSON, so that equal values are equal texts."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def expected_of(expected: str | None, *, finished: Finished) -> str | None:
    """What an item expects, spelled as `output_of` spells what the chain said; to the letter where that is a text. None: nothing."""
    if expected is None or finished.status != SUCCESS or isinstance(finished.output, str):
        return expected
    value = json_of(expected)
    return expected if value is None or isinstance(value, str) else as_text(value)
