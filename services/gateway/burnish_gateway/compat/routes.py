"""Chat and text completions, embeddings, responses and messages: what OpenAI's and Anthropic's clients call (PRODUCT E2)."""

from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from burnish_gateway.compat.anthropic.body import CountTokensBody, MessagesBody
from burnish_gateway.compat.anthropic.errors import with_bearer
from burnish_gateway.compat.anthropic.messages_format import AnthropicFormat
from burnish_gateway.compat.chat_body import ChatBody
from burnish_gateway.compat.count_tokens import count_tokens
from burnish_gateway.compat.embed import embed
from burnish_gateway.compat.embeddings_body import EmbeddingsBody
from burnish_gateway.compat.openai_format import OpenAIFormat
from burnish_gateway.compat.recall import recall
from burnish_gateway.compat.responses.background import ReadLater
from burnish_gateway.compat.responses.body import ResponsesBody
from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_gateway.compat.serve import serve
from burnish_gateway.compat.several_texts import complete_texts
from burnish_gateway.compat.text_completions import CompletionBody, CompletionsFormat
from burnish_gateway.deps import bearer, request_id_of
from burnish_gateway.error_answer import ErrorAnswer
from burnish_gateway.wire import json_body

router = APIRouter(tags=["openai"])

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": ErrorAnswer} for code in (400, 401, 402, 403, 404, 409, 413, 422, 429, 502, 503, 504)
}


@router.post(
    "/v1/chat/completions",
    summary="Chat completion in OpenAI's format; `model` may name a prompt as `burnish::prompt::SLUG`",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={
        200: {"description": "A `chat.completion`; with `stream` events of `chat.completion.chunk`, then `[DONE]` or an error"},
        **REFUSALS,
    },
    openapi_extra=json_body(ChatBody, role="viewer"),
)
async def complete_chat(request: Request) -> Response:
    return await serve(request, format=OpenAIFormat())


@router.post(
    "/v1/completions",
    summary="Completion of a text in OpenAI's older format, which a chat answers; `model` may name a prompt as `burnish::prompt::SLUG`",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={200: {"description": "A `text_completion`; with `stream` such chunks, then `[DONE]` or an error"}, **REFUSALS},
    openapi_extra=json_body(CompletionBody, role="viewer"),
)
async def complete_text(request: Request) -> Response:
    """The text is sent as a message of the user. `suffix`, `echo`, `logprobs`, `best_of` and tokens are refused. Without `max_tokens` the
    model's own limit counts, not the format's 16. Of several texts each is an execution: all are held for or none, `burnish.executions`
    names them in order, and `usage` is their sum.
    """
    return await serve(request, format=CompletionsFormat(), several=complete_texts)


@router.post(
    "/v1/embeddings",
    summary="Embeddings in OpenAI's format: one text or up to 2048 of them, or lists of tokens",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={200: {"description": "A `list` of `embedding`s, as numbers or base64 of 32-bit floats; `usage` with the cost"}, **REFUSALS},
    openapi_extra=json_body(EmbeddingsBody, role="viewer"),
)
async def create_embeddings(request: Request) -> Response:
    """Each call is an execution, priced by its input. Its inputs are kept as its messages; of the vectors only those of a few inputs."""
    return await embed(request)


@router.post(
    "/v1/responses",
    summary="A response in the format of OpenAI's Responses API; `prompt: {id, version, variables}` names a prompt",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={200: {"description": "A `response`; with `stream` its events, the last `response.completed` or `error`"}, **REFUSALS},
    openapi_extra=json_body(ResponsesBody, role="viewer"),
)
async def create_response(request: Request) -> Response:
    """A conversation is sent as `input`, or goes on from an earlier answer (`previous_response_id`). Of an item of one its id is enough
    (`item_reference`). Both are read from the record. With `background: true` it is answered at once, `status: queued`, and read by its id.
    """
    return await serve(request, format=ResponsesFormat(), recall=recall, later=ReadLater())


@router.post(
    "/v1/responses/input_tokens",
    summary="How many tokens a response would read, in OpenAI's format: an estimate from above",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={200: {"description": "`{object: response.input_tokens, input_tokens, source: estimated}`"}, **REFUSALS},
    openapi_extra=json_body(ResponsesBody, role="viewer"),
)
async def count_response_tokens(request: Request) -> Response:
    """Counted by length, as what is held for the same call is: no tokenizer of the model is at hand. Nothing is asked of a model."""
    return await count_tokens(
        request,
        format=ResponsesFormat(),
        answer=lambda tokens: {"object": "response.input_tokens", "input_tokens": tokens},
        recall=recall,
    )


@router.post(
    "/v1/messages",
    summary="A message in Anthropic's format; `model` may name any model, or a prompt as `burnish::prompt::SLUG`",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={
        200: {"description": "A `message`; with `stream` Anthropic's events, the last `message_stop` or `error`"},
        529: {"model": ErrorAnswer, "description": "The provider is overloaded"},
        **REFUSALS,
    },
    openapi_extra=json_body(MessagesBody, role="viewer"),
)
async def create_message(request: Request) -> Response:
    """The key comes as `x-api-key`, where Anthropic's clients put it, or as a Bearer token."""
    response = await serve(with_bearer(request), format=AnthropicFormat(beta=request.headers.get("anthropic-beta")))
    response.headers["request-id"] = request_id_of(request)  # where Anthropic's clients look for it
    return response


@router.post(
    "/v1/messages/count_tokens",
    summary="How many tokens a message would read, in Anthropic's format: an estimate from above",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={200: {"description": "`{input_tokens, source: estimated}`"}, **REFUSALS},
    openapi_extra=json_body(CountTokensBody, role="viewer"),
)
async def count_message_tokens(request: Request) -> Response:
    """Counted by length, as what is held for the same call is: no tokenizer of the model is at hand. Nothing is asked of a model."""
    messages = AnthropicFormat(beta=request.headers.get("anthropic-beta"), body=CountTokensBody)
    response = await count_tokens(with_bearer(request), format=messages, answer=lambda tokens: {"input_tokens": tokens})
    response.headers["request-id"] = request_id_of(request)
    return response
