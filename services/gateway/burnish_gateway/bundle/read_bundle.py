"""From the bytes of an import to checked prompts and datasets. Pure and slow: called in a thread, before any lock is held."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from burnish_gateway.bundle.experiment_form import ExperimentForm
from burnish_gateway.bundle.foreign.reactions import Reaction
from burnish_gateway.bundle.form import BundleForm, DatasetForm, EvaluatorForm, PromptForm
from burnish_gateway.bundle.import_evaluators import check_evaluators
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.bundle.read_chains import ReadChain, read_chains
from burnish_gateway.datasets.item import EXPECTS_NOTHING, NewItem, marked, says_nothing
from burnish_gateway.datasets.near_duplicates import PAIRS_MOST, NearDuplicate, near_duplicates
from burnish_gateway.imports.reported import AHEAD_MOST, Reported
from burnish_gateway.models.bodies import NewModel
from burnish_gateway.registry.bodies import ContentBody
from burnish_gateway.registry.content import VersionContent, checked
from burnish_gateway.registry.lines import parse_branch
from burnish_gateway.registry.spelling import tags_of
from burnish_gateway.wire import parse_model
from burnish_shared.errors import InvalidField
from burnish_shared.slug import Slug, parse_folder, parse_movable_label, parse_slug
from burnish_shared.template.syntax import Include

PLACES_MOST: Final = 50
"""Items at fault that a note names."""


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """A prompt that may be stored. `contents`: of its versions, in order. `includes`: the snippets of each version."""

    slug: Slug
    form: PromptForm
    contents: tuple[VersionContent, ...]
    hashes: tuple[bytes, ...]
    includes: tuple[tuple[Include, ...], ...]


@dataclass(frozen=True, slots=True)
class ReadDataset:
    form: DatasetForm
    items: tuple[NewItem, ...]
    alike: tuple[NearDuplicate, ...]


@dataclass(frozen=True, slots=True)
class ReadBundle:
    """`notes`: what of the file could not be taken. `executions`: made elsewhere, and `reactions` to them; `models`: described there.
    `of_keys`: the names of those that are refused → notes on keys of providers for the others."""

    prompts: tuple[ReadPrompt, ...]
    datasets: tuple[ReadDataset, ...]
    notes: Notes = field(default_factory=Notes)
    executions: tuple[Reported, ...] = ()
    models: tuple[NewModel, ...] = ()
    chains: tuple[ReadChain, ...] = ()
    experiments: tuple[ExperimentForm, ...] = ()
    evaluators: tuple[EvaluatorForm, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    of_keys: Callable[[Container[str]], list[str]] | None = None


def read_bundle(raw: bytes, *, now: datetime) -> ReadBundle:
    """Raises InvalidBody for what is no JSON, InvalidField naming the place of what is no bundle or could never be sent."""
    form = parse_model(BundleForm, raw)
    _check_times(form, "", latest=now + AHEAD_MOST)
    _check_names(form.datasets)
    return check_bundle(form)


def _check_names(datasets: Sequence[DatasetForm]) -> None:
    """Name and time name one in use, and a name without a time any in use of that name: two that mean the same would become one.

    Those of one name made at two times are two, as they were where they come from.
    """
    named: dict[str, int] = {}
    exact: dict[tuple[str, datetime | None], int] = {}
    for index, one in enumerate(datasets):
        if one.archived_at is not None:
            continue
        first = named.get(one.name) if one.created_at is None else exact.get((one.name, None), exact.get((one.name, one.created_at)))
        if first is not None:
            raise InvalidField(
                f"datasets[{index}].name: '{one.name}' is the name of datasets[{first}] too; give each its own, or put both into one.",
                param=f"datasets[{index}].name",
            )
        named[one.name] = exact[one.name, one.created_at] = index


def _check_times(form: BaseModel, place: str, *, latest: datetime) -> None:
    """A list that shows the newest first would show what is of the year 2999 for ever."""
    for name, value in form:
        if isinstance(value, datetime) and value > latest:
            raise InvalidField(f"{place}{name}: lies in the future; look at the clock of where it comes from.", param=f"{place}{name}")
        if isinstance(value, list):
            for index, one in enumerate(value):
                if isinstance(one, BaseModel):
                    _check_times(one, f"{place}{name}[{index}].", latest=latest)


def check_bundle(
    bundle: BundleForm,
    *,
    notes: Notes | None = None,
    executions: tuple[Reported, ...] = (),
    models: Sequence[NewModel] = (),
    reactions: Sequence[Reaction] = (),
) -> ReadBundle:
    prompts = tuple(_prompt(one, f"prompts[{index}]") for index, one in enumerate(bundle.prompts))
    slugs = [one.slug for one in prompts]
    if len(set(slugs)) < len(slugs):
        twice = next(one for one in slugs if slugs.count(one) > 1)
        raise InvalidField(f"The prompt '{twice}' stands in it twice.", param="prompts")
    told = notes or Notes()
    _leave_out(bundle.datasets, told)
    return ReadBundle(
        prompts,
        tuple(_dataset(one, of=sum(len(each.items) for each in bundle.datasets)) for one in bundle.datasets),
        told,
        executions,
        tuple(models),
        read_chains(bundle.chains),
        tuple(bundle.experiments),
        check_evaluators(bundle.evaluators),
        tuple(reactions),
    )


def _prompt(form: PromptForm, place: str) -> ReadPrompt:
    slug = parse_slug(form.slug, param=f"{place}.slug")
    numbers = [one.version for one in form.versions]
    if numbers != list(range(1, len(numbers) + 1)):
        raise InvalidField(f"{place}.versions: must be numbered 1, 2, 3 and so on; '{slug}' has {numbers[:10]}.", param=f"{place}.versions")
    contents = tuple(_content(one.content, one.version, f"{place}.versions[{one.version - 1}].content") for one in form.versions)
    hashes = tuple(one.fingerprint() for one in contents)
    if len(set(hashes)) < len(hashes):
        raise InvalidField(f"{place}.versions: two versions of '{slug}' say the same.", param=f"{place}.versions")
    named = [
        *(one.version for one in form.labels), *(one.version for one in form.lineage),
        *(one.version for one in form.branches), *(one.from_version for one in form.branches), form.latest_version or 1,
        *(one.to_version or 1 for one in form.label_moves), *(one.from_version or 1 for one in form.label_moves),
        *(one.base_version for one in form.versions if one.base_version is not None),
    ]  # fmt: skip
    if any(number > len(numbers) for number in named):
        raise InvalidField(f"{place}: names a version of '{slug}' that is not in it.", param=place)
    if any(one.base_version is not None and one.base_version >= one.version for one in form.versions):
        raise InvalidField(f"{place}.versions: a version of '{slug}' is based on itself or a later one.", param=f"{place}.versions")
    labels = [one.model_copy(update={"label": parse_movable_label(one.label, param=f"{place}.labels")}) for one in form.labels]
    if len({one.label for one in labels}) < len(labels):
        raise InvalidField(f"{place}.labels: a label stands twice.", param=f"{place}.labels")
    for at, move in enumerate(form.label_moves):
        parse_movable_label(move.label, param=f"{place}.label_moves[{at}].label")
    _check_branches(form, place)
    folder = parse_folder(form.folder, param=f"{place}.folder")
    lists = {name: list(tags_of(getattr(form, name))) for name in ("tags", "categories", "app_contexts")}
    itself = next((one for one in form.lineage if one.parent and one.parent.slug == slug and one.parent.version >= one.version), None)
    if itself is not None:
        raise InvalidField(f"{place}.lineage: version {itself.version} cannot come from itself or a later one.", param=f"{place}.lineage")
    clean = form.model_copy(update={"slug": slug, "folder": folder, "labels": labels} | lists)
    return ReadPrompt(slug, clean, contents, hashes, tuple(_includes(one) for one in contents))


def _check_branches(form: PromptForm, place: str) -> None:
    names = [one.branch for one in form.branches]
    for name in {*names, *(one.branch for one in form.versions if one.branch is not None)}:
        if parse_branch(name, param=f"{place}.branches") != name:
            raise InvalidField(f"{place}.branches: {name[:60]!r} is no name of a branch; use small letters.", param=f"{place}.branches")
    if len(set(names)) < len(names):
        raise InvalidField(f"{place}.branches: a branch stands twice.", param=f"{place}.branches")
    if names and form.latest_version is None:
        why = f"{place}.latest_version: is missing; a file that names branches says where the main line stands, too."
        raise InvalidField(why, param=f"{place}.latest_version")


def _content(fields: dict[str, Any], version: int, place: str) -> VersionContent:
    """Kept as it is given, so that it has the fingerprint that it had where it comes from; checked as if it were saved now."""
    try:
        return content_of(fields, version=version)
    except InvalidField as error:
        raise InvalidField(f"{place}: {error.message}", param=f"{place}.{error.param}" if error.param else place) from error


def content_of(fields: dict[str, Any], *, version: int) -> VersionContent:
    """Raises InvalidField naming what of it could never be sent."""
    ContentBody.model_validate(fields)
    stored = _in_messages(fields)
    if fields.get("variants"):
        stored |= {"variants": [_in_messages(one) for one in fields["variants"]]}
    content = VersionContent.from_fields(stored)
    checked(content, version=version)
    return content


def _in_messages(given: dict[str, Any]) -> dict[str, Any]:
    """What stands there as a `template`, as the one message that it means; all else as it is given."""
    if given.get("template") is None:
        return {name: value for name, value in given.items() if name != "template"}
    return {name: value for name, value in given.items() if name not in ("template", "messages")} | {
        "messages": [{"role": "user", "content": given["template"]}]
    }


def _includes(content: VersionContent) -> tuple[Include, ...]:
    return content.includes()


def _leave_out(datasets: Sequence[DatasetForm], notes: Notes) -> None:
    """A note for each dataset with items that expect nothing, or whose input stands before them: named by their places in the file."""
    for at, form in enumerate(datasets):
        where = f"datasets[{at}] '{form.name}'"
        if places := [place for place, item in enumerate(form.items) if _is_blank(item.expected)]:
            notes.lose(f"{where}: items {_named(places)} are left out: {EXPECTS_NOTHING}.")
        stays: dict[bytes, str | None] = {}
        again: list[int] = []
        others = 0
        for place, item in _kept(form):
            if item.content_hash in stays:
                again.append(place)
                others += stays[item.content_hash] != item.expected
            else:
                stays[item.content_hash] = item.expected
        if again:
            say = notes.lose if others else notes.tell  # What stands there twice, word for word, is here.
            say(f"{where}: items {_named(again)} are left out: their input stands there before; {others:,} expect another answer.")


def _named(places: Sequence[int]) -> str:
    more = f" and {len(places) - PLACES_MOST:,} more" if len(places) > PLACES_MOST else ""
    return ", ".join(map(str, places[:PLACES_MOST])) + more


def _is_blank(expected: str | None) -> bool:
    """It says nothing, and does not say that there is no right answer either."""
    return expected is not None and says_nothing(expected)


def _kept(form: DatasetForm) -> Iterator[tuple[int, NewItem]]:
    for place, one in enumerate(form.items):
        if not _is_blank(one.expected):
            yield place, NewItem(input=one.input, expected=one.expected, split=one.split, metadata=marked(one.metadata))


def _dataset(form: DatasetForm, *, of: int) -> ReadDataset:
    """`of`: how many items are in the whole file. Its datasets share what may be compared."""
    items = tuple(item for _, item in _kept(form))
    distinct = tuple({one.content_hash: one for one in reversed(items)}.values())[::-1]
    pairs = near_duplicates(
        [one.text for one in distinct], [one.place for one in distinct], most=PAIRS_MOST * len(form.items) // max(1, of)
    )
    return ReadDataset(form, distinct, tuple(pairs))
