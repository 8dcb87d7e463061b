"""Do the prompts of a chain exist, and is every variable that they need given? Looked up in memory."""

from typing import Final
from uuid import UUID

from burnish_gateway.registry.catalog import Catalog
from burnish_gateway.registry.field_checks import check_response_format
from burnish_shared.chains.form import Call, Chain, all_steps
from burnish_shared.chains.read_form import FAULTS_TOLD
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.slug import LATEST, PRODUCTION, PromptName

LABELS_TOLD: Final = 5
"""Of a prompt that lacks the one a step names."""


async def check_prompts(chain: Chain, workspace_id: UUID, *, catalog: Catalog) -> None:
    """Raises NotFound or Conflict where the first fault is a prompt that is not there, or archived, else InvalidField; every fault stands
    in `details.problems`. What a label names may change later: each run asks again.

    A variable that is needed below another (`user.name`) counts as given where `user` is.
    """
    problems: list[dict[str, str]] = []
    refusals: list[type[NotFound | Conflict | InvalidField]] = []
    for step in all_steps(chain.steps):
        if not isinstance(step.does, Call):
            continue
        name, given = step.does.prompt, step.does.variables.keys() | step.does.values.keys()
        try:
            version = await catalog.in_use(workspace_id, name.slug, label=name.label, version=name.version)
        except (NotFound, Conflict) as error:
            hint = await _hint(name, workspace_id, catalog=catalog) if isinstance(error, NotFound) else ""
            refusals.append(type(error))
            problems.append({"param": f"steps.{step.id}.prompt", "message": f"{error.message}{hint}"})
            continue
        missing = [one for one in version.template.required if one not in given and one.split(".")[0] not in given]
        if missing:
            told = f"the prompt {name.slug!r} needs {', '.join(missing)}; give each in variables or values"
            refusals.append(InvalidField)
            problems.append({"param": f"steps.{step.id}.variables", "message": told})
    if problems:
        first = problems[0]
        message = f"{first['param']}: {first['message']}"
        raise refusals[0](message, param=first["param"], details={"problems": problems[:FAULTS_TOLD]})


def check_overrides(chain: Chain) -> None:
    """When one is saved. Raises InvalidField for a response format that no version may have; the rest depends on the version."""
    for step in all_steps(chain.steps):
        if isinstance(step.does, Call):
            check_response_format(step.does.overrides.get("response_format"), at=f"steps.{step.id}.overrides.")


async def _hint(name: PromptName, workspace_id: UUID, *, catalog: Catalog) -> str:
    """By which labels the prompt could be run, where it is there and only its label or version is not; else nothing."""
    try:
        head, _ = await catalog.find(workspace_id, name.slug, label=LATEST)
    except NotFound:
        return ""
    names = sorted(head.labels)[:LABELS_TOLD]
    labels = [f"'{name.slug}'" if label == PRODUCTION else f"'{name.slug}@{label}'" for label in names]
    by_label = f"Name it as {' or '.join(labels)}, by its labels" if labels else "It has no label"
    return f" {by_label}; or by a version as '{name.slug}@{head.prompt.latest_version}', or '{name.slug}@{LATEST}'."
