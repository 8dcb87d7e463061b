"""`/v1/templates`: find a template, use it, make one of a prompt's version."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.marketplace import store as entries
from burnish_gateway.marketplace.publish import publish, screen
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import announce
from burnish_gateway.registry.answers import PromptAnswer, plain, prompt_answer
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.spelling import check_may_publish, tags_of
from burnish_gateway.registry.store import NewPrompt
from burnish_gateway.templates import answers, bodies
from burnish_gateway.templates.find_templates import OriginFilter, Wanted, find_template, list_templates
from burnish_gateway.templates.template import Template, no_such_template, of_entry
from burnish_gateway.templates.use_template import use_template
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import parse_folder, parse_label, parse_movable_label, parse_slug

router = make_router("marketplace")

LIST: Final = "templates"

Word = Annotated[Text | None, Query(max_length=200)]


@router.get("/v1/templates", response_model=answers.TemplatePage, summary="Find templates to make prompts of")
async def get_templates(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    q: Word = None,
    category: Word = None,
    tag: Word = None,
    origin: Annotated[OriginFilter | None, Query(description="Ships with Burnish, made by this workspace, shared by another one.")] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """Those that ship come first, then what this workspace and others made, the newest first. `q` looks in name, description, tags, uses
    and text. Categories of those that ship: analysis, extraction, generation, classification.
    """
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    wanted = Wanted(text=q or None, category=category, tag=tag, origin=origin)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, organization=principal.organization_id, read_only=True) as tx:
        found = await list_templates(tx, principal, wanted, after=position, limit=limit + 1)
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda one: one.position)
    data = [answers.template_item(one.template) for one in page["data"]]
    return json_response(answers.TemplatePage(data=data, next_cursor=page["next_cursor"]))


@router.get("/v1/templates/{template_id}", response_model=answers.TemplateAnswer, summary="A template with its content and an example")
async def get_template(template_id: str, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        template = await find_template(tx, principal, template_id)
    return json_response(_whole(template))


@router.post("/v1/templates", status_code=201, response_model=answers.TemplateAnswer, summary="Make a template of one version of a prompt")
async def post_template(request: Request, body: bodies.TemplateBody, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """A copy of this version; later versions do not follow. Private where nothing is said; a
    wider `visibility` shows it in the marketplace.

    What looks like a key or password anywhere in it is refused (422).
    """
    if body.visibility == "public":
        check_may_publish(principal)
    slug, label = parse_slug(body.prompt, param="prompt"), parse_label(body.label) if body.label is not None else None
    given = entries.Publication(
        visibility=body.visibility, publisher=principal.workspace.name, description=body.description, categories=tags_of(body.categories),
        example=body.example, published_by=principal.actor, form=body.form(),
    )  # fmt: skip
    screened = await or_answered(
        screen(gateway.db, principal, slug, label=label, version=body.version, given=given),
        gateway=gateway,
        request=request,
        principal=principal,
    )
    if isinstance(screened, Response):
        return screened

    async def work(tx: Tx) -> dict[str, Any]:
        entry, is_new = await publish(tx, principal, slug, label=label, version=body.version, given=given, screened=screened)
        after = {"template_id": str(entry.entry_id), "version": entry.version, "visibility": entry.visibility}
        await audit.note(tx, principal, action="template.made", kind="prompt", key=slug, after=after)
        await announce.prompt_changed(tx, principal.workspace_id, slug)
        return _whole(of_entry(entry, reader=principal.workspace_id), is_new=is_new)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post("/v1/templates/{template_id}/use", status_code=201, response_model=PromptAnswer, summary="Make a prompt of a template")
async def post_use(
    template_id: str, *, request: Request, principal: PromptEditor, gateway: GatewayParts, body: bodies.UseBody | None = None
) -> Response:
    """Its version 1 has source `clone`; its lineage keeps the template's publisher, name and version."""
    wanted = body or bodies.UseBody()
    label = None if wanted.label is None else parse_movable_label(wanted.label)
    folder = parse_folder(wanted.folder)

    async def work(tx: Tx) -> dict[str, Any]:
        template = await find_template(tx, principal, template_id)
        slug = parse_slug(wanted.slug or template.slug)
        new = NewPrompt(
            slug=slug, name=wanted.name or template.name, description=template.description, use_case=template.use_case, folder=folder,
            tags=tuple(template.tags), categories=tags_of(template.categories),
        )  # fmt: skip
        insists = "label" in wanted.model_fields_set
        head, version = await use_template(
            tx, principal, template, new, model=wanted.model, label=label, insists=insists, clock=gateway.clock
        )
        after = {"template_id": template.template_id, "publisher": template.publisher, "version": template.version}
        await audit.note(tx, principal, action="template.used", kind="prompt", key=slug, after=after)
        await announce.prompt_changed(tx, principal.workspace_id, slug)
        placed = label if label in head.labels else None
        answer = prompt_answer(head, version, label=placed, template=version.content.template())
        warnings = await model_warnings(tx, version.content)
        return plain(answer.model_copy(update={"warnings": warnings}) if warnings else answer)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.delete("/v1/templates/{template_id}", response_model=answers.DeletedTemplate, summary="Delete a template of one's own")
async def delete_template(template_id: str, *, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """Prompts that were made of it stay, and so does what their lineage says."""

    async def work(tx: Tx) -> answers.DeletedTemplate:
        template = await find_template(tx, principal, template_id)
        if template.origin == "shipped":
            raise Conflict("Templates that ship with Burnish cannot be deleted.", param="template_id")
        entry = await entries.delete_entry(tx, principal.workspace_id, UUID(template_id))
        if entry is None:
            raise no_such_template()
        before = {"template_id": template_id, "version": entry.version, "visibility": entry.visibility}
        await audit.note(tx, principal, action="template.deleted", kind="prompt", key=entry.slug, before=before)
        return answers.DeletedTemplate(id=template_id, deleted=True)

    return await run_once(gateway, request, principal, status=200, work=work)


def _whole(template: Template, *, is_new: bool | None = None) -> dict[str, Any]:
    content = VersionContent.from_fields(template.content)
    parsed, described = content.template(), content.spec.get("parameters", {})
    required = set(parsed.required)
    variables = [
        answers.TemplateVariable(
            name=one.name, type=one.type, description=described.get(one.name, {}).get("description", ""), required=one.name in required,
            default=one.default,
        )
        for one in parsed.variables.values()
    ]  # fmt: skip
    return answers.template_answer(template, variables=variables, is_new=is_new)
