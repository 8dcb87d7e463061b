"""Every tool as a row of a table: what it is for, what it takes, and the route that does it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from burnish_gateway.mcp.argument_flaws import ArgumentCheck
from burnish_gateway.mcp.arguments import (
    BUDGET,
    CURSOR,
    DATASET,
    FROM,
    GRAIN,
    IDEMPOTENCY_KEY,
    LABEL,
    LIMIT,
    METRIC,
    MODEL,
    MODELS,
    OF_MODEL,
    OF_PROMPT,
    OF_VERSION,
    PROMPT,
    SOURCE,
    TO,
    TRAFFIC,
    VARIABLES,
    VERSION,
    choice,
    identifier,
    score,
    text,
    with_whole_numbers,
)
from burnish_gateway.mcp.calls import Call

IN_PATH: Final = re.compile(r"\{([a-z_]+)\}")


class BadArguments(ValueError):
    """What is wrong with the arguments of a tool, for whoever gave them: a line for each argument."""

    def __init__(self, flaws: Sequence[str]) -> None:
        super().__init__("\n".join(flaws))


@dataclass(frozen=True, kw_only=True)
class Tool:
    """`path` names arguments in braces; the others stand in the query of a GET, and in the body of anything else, with `fixed`."""

    name: str
    title: str
    description: str
    method: str = "GET"
    path: str
    takes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """Of these exactly one is needed; schemas of tools cannot say that to every client."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    is_destructive: bool = False
    is_read_only: bool | None = None
    """None: as its method says."""

    @property
    def only_reads(self) -> bool:
        return self.method == "GET" if self.is_read_only is None else self.is_read_only

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return {"type": "object", "properties": dict(self.takes), "required": list(self.needs), "additionalProperties": False}

    @cached_property
    def _check(self) -> ArgumentCheck:
        return ArgumentCheck(self.schema, tool=self.name)

    def call(self, arguments: Mapping[str, Any]) -> Call:
        """The call that these arguments mean. Raises BadArguments."""
        if flaws := self._check.flaws(arguments):
            raise BadArguments(flaws)
        named = [one for one in self.one_of if one in arguments]
        if self.one_of and len(named) != 1:
            said = "not several" if named else "it must be about something"
            raise BadArguments([f"{named[1] if named else self.one_of[0]}: give one of {', '.join(self.one_of)}; {said}"])
        given = dict(with_whole_numbers(arguments, self.schema))
        path = IN_PATH.sub(lambda found: quote(str(given.pop(found[1])), safe=""), self.path)
        key = str(given.pop("idempotency_key", ""))
        if self.method == "GET":  # models fill in what they may leave out: an empty text asks for nothing
            return Call(self.method, path, query={name: value for name, value in given.items() if value != ""})
        return Call(self.method, path, body={**given, **self.fixed}, idempotency_key=key)


SPAN: Final = {"from": FROM, "to": TO, "grain": GRAIN}

TOOLS: Final = (
    Tool(
        name="search_prompts",
        title="Find prompts",
        description="Finds prompts by words, folder, tag, category, model or label. Each has its slug, labels and newest version.",
        path="/v1/prompts",
        takes={
            "q": text("Words that slug, name, description, tags or text must contain."),
            "folder": text("This folder and what lies below it."), "tag": text("Only with this tag."),
            "category": text("Only in this category."), "model": text("Only where the newest version uses it."),
            "label": text("Only with this label, such as production."),
            "sort": choice("Best match first otherwise.", "relevance", "created", "updated", "name", "executions", "cost", "satisfaction"),
            "limit": LIMIT, "cursor": CURSOR,
        },
    ),
    Tool(
        name="get_prompt",
        title="Read a prompt",
        description="One prompt with text, settings and variables of one version: of `production` where no label or version is given.",
        path="/v1/prompts/{prompt}",
        takes={"prompt": PROMPT, "label": LABEL, "version": VERSION},
        needs=("prompt",),
    ),
    Tool(
        name="execute_prompt",
        title="Run a prompt",
        description="Runs a prompt with its variables on its model and gives `output`, and `id` for feedback. Costs credits. "
        "An answer with `simulated: true` comes from a model that only pretends.",
        method="POST",
        path="/v1/executions",
        takes={
            "prompt": PROMPT, "label": LABEL, "version": VERSION, "variables": VARIABLES, "model": MODEL,
            "user_id": text("Your own id of the person whom the answer is for."), "session_id": text("Your own id of the conversation."),
            "app": text("What part of your software asks; figures can be told apart by it."),
            "metadata": {"type": "object", "description": "Anything that is to be kept with the record."},
            "deadline_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 600, "description": "Most time; 120 s otherwise."},
            "idempotency_key": IDEMPOTENCY_KEY,
        },
        needs=("prompt",),
        fixed={"response_shape": "with_metadata"},
    ),
    Tool(
        name="list_executions",
        title="Find executions",
        description="What was run, the newest first: status, version, model, latency, cost, no text. Those with a thumb down are where a "
        "prompt is weak; get_execution shows one whole.",
        path="/v1/executions",
        takes={
            "prompt": OF_PROMPT, "version": OF_VERSION, "label": text("Only what was asked for by this label."), "model": OF_MODEL,
            "status": choice("All otherwise.", "success", "error", "timeout", "rate_limited", "cancelled", "blocked"),
            "reaction": choice("By feedback: a thumb that points this way, any feedback, or none.", "up", "down", "any", "none"),
            "min_score": score("Only with a score of people from here, 0 to 1."), "max_score": score("… and up to here."),
            "evaluator_id": identifier("Then the scores are of this evaluator."),
            "user_id": text("Only of this end user."), "session_id": text("Only of this conversation."), "app": text("Only of this part."),
            "from": text("Such as 2026-11-20T08:00:00Z; no beginning otherwise."), "to": TO, "limit": LIMIT, "cursor": CURSOR,
        },
    ),
    Tool(
        name="get_execution",
        title="Read an execution",
        description="What was asked, what came back, what it cost, and the feedback that it got.",
        path="/v1/executions/{execution_id}",
        takes={"execution_id": identifier("`id` of execute_prompt.")},
        needs=("execution_id",),
    ),
    Tool(
        name="give_feedback",
        title="Give feedback",
        description="Says how good an answer was: `thumb`, `score`, `comment`, `correction` or `metric`, at least one of them, for an "
        "execution or a whole session. It counts for the version that answered, and prompts are improved by it.",
        method="POST",
        path="/v1/feedback",
        takes={
            "execution_id": identifier("`id` of execute_prompt."), "session_id": text("Instead: the session that was judged."),
            "thumb": choice("", "up", "down"),
            "score": score("0 is useless, 1 is perfect."),
            "comment": text("In words."), "correction": text("The answer that it should have been."), "metric": METRIC,
            "user_id": text("Your own id of the person who judges; a later judgement of theirs replaces the earlier one."),
            "idempotency_key": IDEMPOTENCY_KEY,
        },
        one_of=("execution_id", "session_id"),
    ),
    Tool(
        name="list_datasets",
        title="List datasets",
        description="Datasets with how many items each split has. An optimization takes the id of one, or `source`.",
        path="/v1/datasets",
        takes={"limit": LIMIT, "cursor": CURSOR},
    ),
    Tool(
        name="forecast_optimization",
        title="Forecast an optimization",
        description="What an optimization with these arguments would cost at most, and whether its data can prove a gain. Starts nothing.",
        method="POST",
        path="/v1/optimizations/forecast",
        takes={"prompt": PROMPT, "dataset_id": DATASET, "source": SOURCE, "version": VERSION, "budget": BUDGET, "models": MODELS},
        needs=("prompt",),
        is_read_only=True,
    ),
    Tool(
        name="start_optimization",
        title="Start an optimization",
        description="Searches a better text for a prompt on a dataset, and proves the gain on items that the search never saw. "
        "Costs credits, never more than the budget. Gives the id of a job: follow it. Nobody gets the result until a person accepts it.",
        method="POST",
        path="/v1/optimizations",
        takes={
            "prompt": PROMPT, "dataset_id": DATASET, "source": SOURCE, "version": VERSION,
            "method": choice(
                "`racing`, unless given.", "racing", "reflective", "evolutionary", "semantic", "learned", "few_shot", "compression"
            ),
            "budget": BUDGET, "models": MODELS, "idempotency_key": IDEMPOTENCY_KEY,
        },
        needs=("prompt",),
    ),
    Tool(
        name="cancel_optimization",
        title="Cancel an optimization",
        description="Ends a job; what it spent is spent, the rest of its budget comes back.",
        method="POST",
        path="/v1/optimizations/{optimization_id}/cancel",
        takes={"optimization_id": identifier("`id` of start_optimization.")},
        needs=("optimization_id",),
        is_destructive=True,
    ),
    Tool(
        name="list_suggestions",
        title="List suggestions",
        description="Better versions that were found and proven, with their gain, interval and cost. People accept or reject them.",
        path="/v1/suggestions",
        takes={"prompt": OF_PROMPT, "status": choice("All otherwise.", "open", "accepted", "rejected"), "limit": LIMIT, "cursor": CURSOR},
    ),
    Tool(
        name="get_suggestion",
        title="Read a suggestion",
        description="One suggestion with its evidence: what would change, the effect of each edit, scores with intervals.",
        path="/v1/suggestions/{suggestion_id}",
        takes={"suggestion_id": identifier("`suggestion_id` of an optimization, or of list_suggestions.")},
        needs=("suggestion_id",),
    ),
    Tool(
        name="analytics_summary",
        title="Figures of a time",
        description="Calls, success, latency, tokens, cost and satisfaction of the workspace, or of one prompt, version, label or model; "
        "the last 24 hours where no time is given. Money is in nano-dollars (`…_nusd`).",
        path="/v1/analytics/summary",
        takes={**SPAN, "prompt": OF_PROMPT, "version": VERSION, "label": LABEL, "model": OF_MODEL, "traffic": TRAFFIC},
    ),
    Tool(
        name="analytics_timeseries",
        title="Figures over time",
        description="The same figures step by step, also split by version, model and others.",
        path="/v1/analytics/timeseries",
        takes={
            **SPAN, "prompt": OF_PROMPT, "version": VERSION, "label": LABEL, "model": OF_MODEL, "traffic": TRAFFIC,
            "group_by": choice("One line for each.", "prompt", "version", "label", "model", "traffic", "app", "provider"),
        },
    ),
    Tool(
        name="analytics_costs",
        title="What was spent",
        description="Cost by prompt, version, model, day and others; with `projection` also this month at its end, with an interval.",
        path="/v1/analytics/costs",
        takes={
            **SPAN, "prompt": OF_PROMPT, "model": OF_MODEL, "traffic": TRAFFIC,
            "group_by": choice("By prompt otherwise.", "prompt", "version", "label", "model", "traffic", "day", "app", "provider"),
            "projection": {"type": "boolean"},
        },
    ),
    Tool(
        name="list_alerts",
        title="List alerts",
        description="What Burnish has noticed: prompts that got worse, budgets, keys that fail; each with its data.",
        path="/v1/alerts",
        takes={
            "status": choice("All otherwise.", "open", "acknowledged", "resolved"), "prompt": OF_PROMPT, "limit": LIMIT, "cursor": CURSOR,
        },
    ),
)  # fmt: skip

BY_NAME: Final = {tool.name: tool for tool in TOOLS}
