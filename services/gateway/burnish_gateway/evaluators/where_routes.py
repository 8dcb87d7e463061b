"""`/v1/evaluators/where-code-runs`: where the code of evaluators, guardrails and validators is taken to."""

from typing import Literal

from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.wire import json_response, make_router

router = make_router("evaluators")


class CodePlace(BaseModel):
    language: Literal["python", "wasm"]
    runs_at: Literal["here", "daytona"] = Field(description="`here`: in processes of this installation. `daytona`: at an external service.")
    leaves_installation: bool = Field(
        description="Whether the code, and the answers, inputs, variables and metadata that it looks at, are sent to somebody else."
    )


class WhereCodeRuns(BaseModel):
    languages: list[CodePlace] = Field(description="Those that this installation offers. Its operator chooses where they run.")


@router.get("/v1/evaluators/where-code-runs", response_model=WhereCodeRuns, summary="Where code of your own runs")
async def where_code_runs(principal: Viewer, gateway: GatewayParts) -> Response:
    """Of evaluators, guardrails and validators alike."""
    python = "here" if gateway.settings.daytona() is None else gateway.settings.sandbox
    places = {"python": python, "wasm": "here"}
    offered = [one for one in ("python", "wasm") if one in gateway.grounds.sandboxes]
    data = [
        CodePlace.model_validate({"language": one, "runs_at": places[one], "leaves_installation": places[one] != "here"}) for one in offered
    ]
    return json_response(WhereCodeRuns(languages=data))
