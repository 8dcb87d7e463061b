"""What callers send about sessions. Sizes are bounded here; what fits where is decided by `state`."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from burnish_gateway.clarifications.question import ANSWER_MOST_CHARS, OPTIONS_MOST, Answer
from burnish_gateway.clarifications.state import Given
from burnish_gateway.wire import ApiModel, Text

INITIAL_MOST_CHARS: Final = 20_000
SELECTIONS_MOST: Final = 30
SELECTION_MOST_CHARS: Final = 2_000
COMMENTS_MOST_CHARS: Final = 4_000

Id = Annotated[Text, Field(min_length=1, max_length=200)]
SelectionText = Annotated[Text, Field(max_length=SELECTION_MOST_CHARS)]
Selection = bool | int | float | SelectionText | Annotated[list[SelectionText], Field(max_length=30)]
Model = Annotated[Text, Field(min_length=1, max_length=200)]
InitialPrompt = Annotated[Text, Field(min_length=1, max_length=INITIAL_MOST_CHARS, description="The rough prompt, in any words.")]
Selections = Annotated[dict[Id, Selection | None], Field(max_length=SELECTIONS_MOST)]
AnswerText = Annotated[Text, Field(max_length=ANSWER_MOST_CHARS)]


class RoughPrompt(ApiModel):
    initial_prompt: InitialPrompt
    selections: Selections = Field(default_factory=dict, description="What was chosen beforehand, such as a tone or a use case.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.initial_prompt.strip():
            raise ValueError("initial_prompt: must say something")
        return self


class StartClarification(RoughPrompt):
    ask_model: Model | None = Field(default=None, description="In place of the workspace's.")
    write_model: Model | None = Field(default=None, description="In place of the workspace's.")
    user_id: Id | None = Field(default=None, description="The end user whom it is about, for erasures.")
    metadata: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict)


class AnswerBody(ApiModel):
    """One answer. Null, or nothing, skips the question."""

    question_id: Id
    answer: AnswerText | Annotated[list[AnswerText], Field(max_length=OPTIONS_MOST)] | None = None

    def given(self) -> Given:
        answer: Answer | None = self.answer
        return Given(self.question_id, answer)


def check_each_once(answers: Sequence[AnswerBody]) -> None:
    """Raises ValueError."""
    ids = [one.question_id for one in answers]
    if len(set(ids)) != len(ids):
        raise ValueError("answers: a question is answered twice; send one answer for each")


class SubmitAnswers(ApiModel):
    answers: Annotated[list[AnswerBody], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        check_each_once(self.answers)
        return self


class RateClarification(ApiModel):
    rating: Annotated[int, Field(ge=1, le=5)]
    comments: Annotated[Text, Field(max_length=COMMENTS_MOST_CHARS)] = ""


class SaveClarification(ApiModel):
    """A prompt that is not there yet is made; one that is gets its next version."""

    slug: Annotated[Text, Field(min_length=1, max_length=63)]
    model: Model | None = Field(default=None, description="That answers with the prompt; the model that wrote it, unless given.")
    label: Annotated[Text, Field(min_length=1, max_length=63)] | None = Field(default=None, description="Moves to the saved version.")
    test_cases: bool = Field(default=True, description="With the cases that the model made up; each says so in its metadata.")
    message: Annotated[Text, Field(max_length=2_000)] = "From a clarifying session"


class ChooseModels(ApiModel):
    """Null: the registry's."""

    ask_model: Model | None = Field(default=None, description="Asks the questions; somebody waits, so a fast one.")
    write_model: Model | None = Field(default=None, description="Writes the final prompt; a strong one.")
