"""OpenAI's chat completions as a format."""

from dataclasses import dataclass
from uuid import UUID

from fastapi.responses import Response

from burnish_gateway.compat.chat import parse_chat
from burnish_gateway.compat.chunks import Chunks
from burnish_gateway.compat.completion import completion
from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.compat.format import Chat, Facts
from burnish_shared.errors import BurnishError


@dataclass(frozen=True, slots=True)
class OpenAIFormat:
    """`POST /v1/chat/completions`. Usage comes in streams where it is asked for."""

    route: str = "chat.completions"

    def parse(self, raw: bytes) -> Chat:
        return parse_chat(raw)

    def answer(self, outcome: Facts, *, chat: Chat) -> bytes:
        return completion(outcome)

    def events(self, execution_id: UUID, *, model: str, simulated: bool, chat: Chat) -> Chunks:
        return Chunks.of(execution_id, model=model, simulated=simulated, include_usage=chat.include_usage)

    def refuse(self, error: BurnishError, *, request_id: str) -> Response:
        return openai_error(error, request_id=request_id)
