"""What callers are told about the filters of the list of prompts."""

from pydantic import BaseModel


class FilterChoice(BaseModel):
    """`prompts`: how many there are with it."""

    value: str
    prompts: int


class FilterChoices(BaseModel):
    """What each filter of the list can be set to, the values of most prompts first; of each filter at most 200."""

    labels: list[FilterChoice]
    tags: list[FilterChoice]
    categories: list[FilterChoice]
    app_contexts: list[FilterChoice]
    use_cases: list[FilterChoice]
    models: list[FilterChoice]
    authors: list[FilterChoice]
