"""Models that a version names and that nobody can call here, and settings that contradict each other: saved all the same, and said."""

from burnish_gateway.models.abilities import answers_chats
from burnish_gateway.models.bodies import AUTO
from burnish_gateway.models.known_tools import untold
from burnish_gateway.registry.content import VersionContent
from burnish_shared.asked_json import JSON_FORMATS
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx


async def model_warnings(tx: Tx, content: VersionContent) -> list[str]:
    """What of the version reaches no model now, a `provider` that is not the model's (calls go by the model), and a format that the model
    is not asked for."""
    listed = await model_store.list_models(tx)
    there = {one.model: one.provider for one in listed}
    found: list[str] = []
    embedding = {one.model for one in listed if not answers_chats(one.capabilities)}
    if content.model in embedding:
        found.append(f"model: {content.model!r} makes embeddings and answers no chat; calls of this version are refused.")
    if content.model != AUTO and content.model not in there:
        found.append(
            f"model: there is no model {content.model!r} that can be called; calls of this version are refused until there is one."
        )
    elif content.provider not in (None, there.get(content.model)):
        meant = "'auto' chooses among all of them" if content.model == AUTO else f"that of {content.model!r} is {there[content.model]!r}"
        found.append(f"provider: {content.provider!r} is not gone by; {meant}.")
    found += [
        f"fallback_models[{index}]: there is no model {one!r} that can be called; it is passed over until there is one."
        for index, one in enumerate(content.spec.get("fallback_models", ()))
        if one not in there
    ]
    found += [
        f"fallback_models[{index}]: {one!r} makes embeddings and answers no chat; it is passed over."
        for index, one in enumerate(content.spec.get("fallback_models", ()))
        if one in embedding
    ]
    return (
        found
        + _of_format(content)
        + _of_tools(content, provider=there.get(content.model, ""))
        + [
            f"variants[{index}]: there is no model {one['model']!r} that can be called; nobody gets this text until there is one."
            for index, one in enumerate(content.spec.get("variants", ()))
            if not one["model"].endswith("*") and one["model"] not in there
        ]
    )


def _of_format(content: VersionContent) -> list[str]:
    """A format that is looked at in answers, beside one that lets the provider answer otherwise."""
    told, looked_at = (content.settings.get("response_format") or {}).get("type"), content.spec.get("output_format")
    if told != "text" or looked_at not in JSON_FORMATS:
        return []
    return [
        f"response_format: 'text' asks the model for no JSON, though output_format is {looked_at!r}: answers that are none end as "
        "output_invalid. Leave response_format out, or say {'type': 'json_object'}."
    ]


def _of_tools(content: VersionContent, *, provider: str) -> list[str]:
    """Tools that the model is not told of, and a choice among none. Whether a key pays for the others is known when it is called."""
    tools, choice = content.settings.get("tools") or [], content.settings.get("tool_choice")
    kinds = [(at, tool.get("type")) for at, tool in enumerate(tools) if tool.get("type") != "function"]
    found = [
        f"tools[{at}].type: {kind!r} {why}; calls of this version are refused."
        for at, kind in kinds
        if (why := untold(kind, model=content.model, provider=provider)) is not None
    ]
    if not tools and choice is not None and choice not in ("auto", "none"):
        found.append("tool_choice: there are no 'tools' to choose from; calls of this version are refused.")
    return found
