"""`/v1/prompts/{slug}/lineage/…`: the graph of a prompt, relatives of a node, two families side by side, files, versions of candidates."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway, GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.lineage import answers, files, store
from burnish_gateway.lineage.answers import BranchCandidate, CopyCandidate
from burnish_gateway.lineage.candidate_version import branch_candidate, copy_candidate, find
from burnish_gateway.lineage.graph import Graph
from burnish_gateway.registry import answers as prompt_answers
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.prompt import Head, no_such_prompt
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("prompts")

NODE: Final = "A version (`3`, or `slug@3` of another prompt), or the id of a candidate; the newest version where nothing is said."

NodeName = Annotated[Text | None, Query(max_length=200, description=NODE)]
OtherNode = Annotated[Text | None, Query(alias="with", max_length=200, description="The other one, named the same way; version 1.")]
Candidates = Annotated[bool, Query(description="Also texts that searches made, and no one saved.")]

MEDIA: Final = {"graphml": "application/graphml+xml", "cypher": "text/plain; charset=utf-8", "json": "application/json"}


@router.get("/v1/prompts/{slug}/lineage/graph", response_model=answers.GraphAnswer, summary="The lineage of a prompt as a graph")
async def get_graph(slug: str, principal: Viewer, gateway: GatewayParts, *, candidates: Candidates = True) -> Response:
    """Its versions, what they come from and what came of them, also in other prompts: at most 5,000 nodes, the nearest first."""
    graph, truncated = await _family_of(gateway, principal, slug, candidates=candidates)
    return json_response(answers.graph_answer(graph, workspace_id=principal.workspace_id, truncated=truncated))


@router.get(
    "/v1/prompts/{slug}/lineage/ancestors", response_model=answers.RelativesAnswer, summary="What a version or candidate comes from"
)
async def get_ancestors(
    slug: str, principal: Viewer, gateway: GatewayParts, *, node: NodeName = None, candidates: Candidates = True
) -> Response:
    graph, [name], truncated = await _around(gateway, principal, slug, [node], up=True, candidates=candidates)
    return json_response(answers.relatives_answer(graph, name, graph.ancestors(name), truncated=truncated))


@router.get("/v1/prompts/{slug}/lineage/descendants", response_model=answers.RelativesAnswer, summary="What came of a version or candidate")
async def get_descendants(
    slug: str, principal: Viewer, gateway: GatewayParts, *, node: NodeName = None, candidates: Candidates = True
) -> Response:
    graph, [name], truncated = await _around(gateway, principal, slug, [node], down=True, candidates=candidates)
    return json_response(answers.relatives_answer(graph, name, graph.descendants(name), truncated=truncated))


@router.get("/v1/prompts/{slug}/lineage/compare", response_model=answers.ComparisonAnswer, summary="Two families side by side")
async def get_comparison(
    slug: str, principal: Viewer, gateway: GatewayParts, *, node: NodeName = None, other: OtherNode = None, candidates: Candidates = True
) -> Response:
    """Each node with all that came of it: how many, how deep, by which edges, the best of them; their nearest common ancestors."""
    graph, [a, b], truncated = await _around(gateway, principal, slug, [node, other or "1"], up=True, down=True, candidates=candidates)
    return json_response(answers.comparison_answer(graph, graph.compare(a, b), truncated=truncated))


@router.get(
    "/v1/prompts/{slug}/lineage/export",
    summary="The lineage of a prompt as a file",
    response_class=Response,
    responses={200: {"description": "The graph", "content": {media.partition(";")[0]: {} for media in MEDIA.values()}}},
)
async def get_file(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    *,
    file: Annotated[Literal["graphml", "cypher", "json"], Query(alias="format")] = "graphml",
    candidates: Candidates = True,
) -> Response:
    """GraphML opens in networkx, yEd and Gephi; Cypher makes the graph in Neo4j, and may be run again; JSON is `…/lineage/graph`."""
    graph, truncated = await _family_of(gateway, principal, slug, candidates=candidates)
    if file == "json":
        body = answers.graph_answer(graph, workspace_id=principal.workspace_id, truncated=truncated).model_dump_json().encode()
    else:
        body = files.graphml(graph) if file == "graphml" else files.cypher(graph)
    ending = {"graphml": "graphml", "cypher": "cypher", "json": "json"}[file]
    headers = {"content-disposition": f'attachment; filename="lineage-{parse_slug(slug)}.{ending}"'}
    return Response(body, media_type=MEDIA[file], headers=headers)


@router.get(
    "/v1/prompts/{slug}/lineage/candidates/{candidate_id}", response_model=answers.CandidateAnswer, summary="One candidate with its text"
)
async def get_candidate(slug: str, candidate_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await find(tx, principal, await _head(tx, principal, slug), candidate_id)
    return json_response(answers.CandidateAnswer(**found))


@router.post(
    "/v1/prompts/{slug}/lineage/candidates/{candidate_id}/branch",
    status_code=201,
    response_model=prompt_answers.VersionAnswer,
    summary="Start a branch with a candidate",
)
async def post_branch(
    slug: str, candidate_id: UUID, *, request: Request, body: BranchCandidate, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """The branch leaves at the version that the search began with; its first version says the candidate's text. No label moves."""
    name = parse_slug(slug)

    async def work(tx: Tx) -> dict[str, Any]:
        saved = await branch_candidate(tx, principal, name, candidate_id, body, clock=gateway.clock)
        warnings = await model_warnings(tx, saved.version.content)
        return prompt_answers.plain(prompt_answers.version_answer(name, saved.version, is_new=saved.is_new, warnings=warnings))

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post(
    "/v1/prompts/{slug}/lineage/candidates/{candidate_id}/copy",
    status_code=201,
    response_model=prompt_answers.PromptAnswer,
    summary="Make a prompt of its own out of a candidate",
)
async def post_copy(
    slug: str, candidate_id: UUID, *, request: Request, body: CopyCandidate, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """Its version 1 says the candidate's text, with the settings of the version that the search began with. Of locked blocks it has those
    that the text holds; the others are said in `warnings`."""
    name = parse_slug(slug)

    async def work(tx: Tx) -> dict[str, Any]:
        made, first, unheld = await copy_candidate(tx, principal, name, candidate_id, body, clock=gateway.clock)
        answer = prompt_answers.prompt_answer(made, first, label=None, template=first.content.template())
        warnings = unheld + await model_warnings(tx, first.content)
        return prompt_answers.plain(answer.model_copy(update={"warnings": warnings}) if warnings else answer)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


async def _family_of(gateway: Gateway, principal: Principal, slug: str, *, candidates: bool) -> tuple[Graph, bool]:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await _head(tx, principal, slug)
        starts = await store.versions_of(tx, principal.workspace_id, head.prompt.prompt_id)
        return await store.read_graph(tx, principal.workspace_id, starts, up=True, down=True, candidates=candidates)


async def _around(
    gateway: Gateway,
    principal: Principal,
    slug: str,
    names: list[str | None],
    *,
    up: bool = False,
    down: bool = False,
    candidates: bool,
) -> tuple[Graph, list[str], bool]:
    """What can be reached from these nodes, and how the graph calls them. Raises NotFound, InvalidField."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await _head(tx, principal, slug)
        found = [await _node(tx, principal, head, one) for one in names]
        starts = [start for start, _ in found]
        has_candidate = any(number == 0 for _, number in starts)
        graph, truncated = await store.read_graph(
            tx, principal.workspace_id, starts, up=up, down=down, candidates=candidates or has_candidate
        )
    for (_, name), asked in zip(found, names, strict=True):
        if name not in graph.nodes:
            raise NotFound(f"The lineage of '{head.prompt.slug}' has no node {asked or name!r}.", param="node")
    return graph, [name for _, name in found], truncated


async def _node(tx: Tx, principal: Principal, head: Head, name: str | None) -> tuple[tuple[UUID, int], str]:
    """How SQL and the graph call what is meant. Raises NotFound, InvalidField."""
    prompt = head.prompt
    if name is None:
        return (prompt.prompt_id, prompt.latest_version), f"{prompt.slug}@{prompt.latest_version}"
    slug, at, number = name.rpartition("@")
    if number.isascii() and number.isdigit() and 1 <= int(number) <= MAX_VERSION:
        other = await _head(tx, principal, slug, param="node") if at else head
        return (other.prompt.prompt_id, int(number)), f"{other.prompt.slug}@{int(number)}"
    try:
        candidate_id = UUID(name)
    except ValueError:
        raise InvalidField(f"node: {name[:100]!r} names nothing; give 3, slug@3, or the id of a candidate.", param="node") from None
    return (candidate_id, 0), str(candidate_id)


async def _head(tx: Tx, principal: Principal, slug: str, *, param: str = "slug") -> Head:
    name = parse_slug(slug, param=param)
    head = await prompts_store.find_head(tx, principal.workspace_id, name)
    if head is None:
        raise no_such_prompt(name)
    return head
