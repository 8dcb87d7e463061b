"""The server of the official SDK over our own routes; the same one whatever the transport.

Importing this costs most of a second and 35 MB: only who serves MCP does, at the first request.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from burnish_gateway.mcp import prompts
from burnish_gateway.mcp.calls import Answer, Api
from burnish_gateway.mcp.follow import FOLLOW, WAIT_S, follow
from burnish_gateway.mcp.tools import BY_NAME, TOOLS, BadArguments, Tool

REFUSED: Final = -32010
"""Of the codes that JSON-RPC leaves to servers (-32000 to -32099); `data` is the error as the API writes it."""

OFFERED: Final = (*TOOLS, FOLLOW)

ARGUMENTS_OF: Final = frozenset({400, 404, 422})
"""Statuses that say something of what was given."""

INSTRUCTIONS: Final = """Burnish keeps prompts, runs them, takes feedback on the answers and finds better versions.

The prompts here are what the label `production` names; add `@label` or `@version` to a name for another one.
To use one and make it better: execute_prompt, then give_feedback with the `id` of the answer.
To improve one: list_datasets, forecast_optimization, start_optimization, then follow_optimization until it has ended, and get_suggestion.
A person decides about suggestions. What your key may not do is refused, and the message says what it would need.
Money is in nano-dollars (`…_nusd`: 1,000,000,000 are one dollar); one credit is one US cent."""

Context = ServerRequestContext[Any, Any]


def build_server(api: Api, *, version: str, is_over: Callable[[Any], bool] = lambda _: False) -> Server[Any]:
    """`api`: makes the calls. `version`: of Burnish, for clients that show it. `is_over`: the process that a caller asked gives no more
    time, so nothing is waited for."""
    handlers = _Handlers(api, is_over)
    return Server(
        "burnish", version=version, title="Burnish", instructions=INSTRUCTIONS, on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool, on_list_prompts=handlers.list_prompts, on_get_prompt=handlers.get_prompt,
    )  # fmt: skip


class _Handlers:
    def __init__(self, api: Api, is_over: Callable[[Any], bool]) -> None:
        self._api, self._is_over = api, is_over

    async def list_tools(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_shown(tool) for tool in OFFERED])

    async def call_tool(self, ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        arguments = params.arguments or {}
        try:
            if params.name == FOLLOW.name:
                return _result(await self._followed(ctx, arguments))
            tool = BY_NAME.get(params.name)
            if tool is None:
                raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name[:100]!r}.")
            return _result(await self._api(tool.call(arguments), caller=ctx.request))
        except BadArguments as error:
            return types.CallToolResult(content=[types.TextContent(text=str(error))], is_error=True)

    async def _followed(self, ctx: Context, arguments: Mapping[str, Any]) -> Answer:
        call = FOLLOW.call(arguments)
        look = replace(call, query={})

        async def tell(made: float, most: float | None, message: str) -> None:
            await ctx.session.report_progress(made, most, message)

        wait_s = float(call.query.get("wait_s", WAIT_S))
        return await follow(
            lambda: self._api(look, caller=ctx.request), wait_s=wait_s, tell=tell, is_over=lambda: self._is_over(ctx.request)
        )  # fmt: skip

    async def list_prompts(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        try:
            return await prompts.listed(self._api, caller=ctx.request, cursor=params.cursor if params else None)
        except prompts.Refused as refusal:
            raise _protocol_error(refusal.answer) from refusal

    async def get_prompt(self, ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        try:
            return await prompts.got(self._api, params.name, params.arguments or {}, caller=ctx.request)
        except prompts.BadArgument as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from error
        except prompts.Refused as refusal:
            raise _protocol_error(refusal.answer) from refusal


def _shown(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.schema,
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.only_reads,
            destructive_hint=tool.is_destructive,
            idempotent_hint=tool.only_reads or tool.is_destructive,
            open_world_hint=False,
        ),
    )


def _result(answer: Answer) -> types.CallToolResult:
    """What a route said, as JSON twice: for clients that read structure, and for models, which read text."""
    if answer.refused:
        error = answer.error
        said = f"{_told(error)} ({error.get('code', answer.status)})"
        return types.CallToolResult(content=[types.TextContent(text=said)], structured_content={"error": dict(error)}, is_error=True)
    text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=answer.body)


def _told(error: Mapping[str, Any]) -> str:
    """The message of an error of the API; of several fields that are wrong, a line for each."""
    problems = (error.get("details") or {}).get("problems") or ()
    lines = [f"{one['param']}: {one['message']}" for one in problems if one.get("param") and one.get("message")]
    return "\n".join(lines) if len(lines) > 1 else str(error.get("message", ""))


def _protocol_error(answer: Answer) -> MCPError:
    code = types.INVALID_PARAMS if answer.status in ARGUMENTS_OF else REFUSED
    return MCPError(code, str(answer.error.get("message", "")), dict(answer.error))
