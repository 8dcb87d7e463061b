"""The answer of the list of prompts."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.registry.answers import PromptItem, prompt_item
from burnish_gateway.registry.list_store import Listed


class OnCalls(BaseModel):
    """An experiment or a guarded rollout that is on a prompt's calls, or stands still on them."""

    id: UUID
    name: str
    kind: Literal["ab", "rollout"]
    status: Literal["running", "paused"]
    label: str = Field(description="Whose calls take part.")
    rollout_state: Literal["ramping", "holding", "rolled_back", "finished"] | None = Field(
        description="`holding`: the rollout waits for somebody."
    )
    share: float | None = Field(description="Of the calls, from 0 to 1, that get the new version by the step of a rollout.")


class ListedPrompt(PromptItem):
    """A prompt in the list."""

    experiments: list[OnCalls] = Field(description="That run or are paused, newest first; at most 3.")


class PromptPage(BaseModel):
    data: list[ListedPrompt]
    next_cursor: str | None


def listed_prompt(one: Listed) -> ListedPrompt:
    return ListedPrompt(**prompt_item(one.head).model_dump(), experiments=[OnCalls(**each) for each in one.experiments])
