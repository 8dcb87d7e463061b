"""From what a job was asked for to the method that searches. Pure."""

from collections.abc import Sequence
from typing import Final

from burnish_optimizer.search import (
    Compression,
    Edit,
    Evolution,
    FewShot,
    Learned,
    Manual,
    Method,
    Nearest,
    NoSignal,
    Racing,
    Reflective,
    Tuning,
)
from burnish_optimizer.search.render import section_of
from burnish_shared.contracts.searches import EvolutionarySearch, Search

LINE: Final = "line: "


def method_of(
    name: str, search: Search, *, comments: Sequence[str] = (), learned: Learned | NoSignal | None = None, seeds: Sequence[str] = ()
) -> Method:
    """`comments` for `semantic`, `learned` for those that order by it, `seeds`: the texts of a generation to begin with."""
    match name:
        case "reflective" if search.reflective is not None:
            return Reflective(minibatch=search.reflective.minibatch, frontier_items=search.reflective.frontier_items)
        case "evolutionary" if search.evolutionary is not None:
            return _evolution(search.evolutionary, learned=learned, seeds=seeds)
        case "semantic":
            return Racing(comments=tuple(comments))
        case "learned" if search.learned is not None and isinstance(learned, Learned):
            return Racing(sown=helpful_lines(learned, most=search.learned.lines_most))
        case "few_shot" if search.few_shot is not None and search.few_shot.mode == "nearest":
            most = search.few_shot.examples
            return Nearest(tuple(one for one in sorted({1, 2, 4, 8, 16, most}) if one <= most))
        case "few_shot" if search.few_shot is not None:
            return FewShot(examples=search.few_shot.examples, sets=search.few_shot.sets)
        case "compression" if search.compression is not None:
            return Compression(margin=search.compression.margin, items=search.compression.items)
        case "settings" if search.settings is not None:
            return Tuning({one: tuple(values) for one, values in search.settings.space.items()}, sweeps=search.settings.sweeps)
        case "manual" if search.manual is not None:
            return Manual(tuple(search.manual.candidates))
        case _:
            return Racing()


def helpful_lines(learned: Learned, *, most: int) -> tuple[Edit, ...]:
    """Lines that stood in better prompts, the strongest first, as edits that begin a race. The guard looks at each like at any other."""
    lines = [one for one in learned.explain() if one.feature.startswith(LINE) and one.value > 0 and "{{" not in one.feature]
    return tuple(
        Edit(section_of(text), text, rationale=f"Prompts with this line scored {one.value:+.3f} ({one.low:+.3f} to {one.high:+.3f}).")
        for one in lines[:most]
        if (text := one.feature.removeprefix(LINE))
    )


def _evolution(asked: EvolutionarySearch, *, learned: Learned | NoSignal | None, seeds: Sequence[str]) -> Evolution:
    return Evolution(
        selection=asked.selection,
        population=asked.population,
        elites=asked.elites,
        items_per_generation=asked.items_per_generation,
        tournament_size=asked.tournament_size,
        crossover_share=asked.crossover_share,
        operators=tuple(asked.operators),
        thesaurus=tuple(tuple(group) for group in asked.thesaurus),
        start=tuple(seeds),
        generations_most=asked.generations,
        ranker=learned if isinstance(learned, Learned) else None,
    )
