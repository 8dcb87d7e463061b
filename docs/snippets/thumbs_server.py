"""The server of a page that asks, shows the answer as it comes, and hears what people think of it. `uvicorn thumbs_server:app`"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from burnish_client import ApiError, AsyncBurnish, NotReached


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncBurnish() as burnish:  # one for the whole application; BURNISH_BASE_URL, BURNISH_API_KEY
        app.state.burnish = burnish
        yield


def client(request: Request) -> AsyncBurnish:
    return request.app.state.burnish


def person() -> str:
    """Who is signed in with you. Your own session belongs here; what a page says of itself is not to be trusted."""
    return "user-1"


Client, Person = Annotated[AsyncBurnish, Depends(client)], Annotated[str, Depends(person)]
app = FastAPI(lifespan=lifespan)


class Question(BaseModel):
    name: str = Field(max_length=200)


class Reaction(BaseModel):
    answer: UUID
    thumb: Literal["up", "down"]
    comment: str | None = Field(None, max_length=2000)


@app.get("/")
def page() -> FileResponse:
    return FileResponse(Path(__file__).with_name("thumbs.html"))


@app.post("/ask")
async def ask(question: Question, burnish: Client, user: Person) -> StreamingResponse:
    """The text as it comes; the id of the answer stands in a header, because reactions name it."""
    async with AsyncExitStack() as stack:
        pieces = await stack.enter_async_context(burnish.stream("greeting", {"name": question.name}, user_id=user))
        kept = stack.pop_all()  # what Burnish refuses was raised above, and has a status of its own

    async def text() -> AsyncIterator[str]:
        async with kept:  # a reader who leaves ends the call of the model
            async for piece in pieces:
                yield piece

    return StreamingResponse(text(), media_type="text/plain; charset=utf-8", headers={"x-answer": pieces.execution_id or ""})


@app.post("/thumb", status_code=204)
async def thumb(said: Reaction, burnish: Client, user: Person) -> Response:
    """Burnish has it on disk before this answers. What the same person says later replaces it."""
    await burnish.feedback(str(said.answer), thumb=said.thumb, comment=said.comment, user_id=user)
    return Response(status_code=204)


@app.exception_handler(ApiError)
async def refused(_: Request, error: ApiError) -> JSONResponse:
    """People are told that it did not work; the id of the request is for whoever looks into it."""
    status = error.status if error.status in (404, 429) else 502
    return JSONResponse({"code": error.code, "request": error.request_id}, status_code=status)


@app.exception_handler(NotReached)
async def away(_: Request, __: NotReached) -> JSONResponse:
    return JSONResponse({"code": "away"}, status_code=503)
