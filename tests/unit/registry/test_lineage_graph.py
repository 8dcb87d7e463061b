"""Questions to a lineage, and files of it (PRODUCT O7)."""

import io
from datetime import UTC, datetime
from xml.etree import ElementTree

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_gateway.lineage.files import cypher, graphml, properties
from burnish_gateway.lineage.graph import Edge, Graph, Node
from tests.fakes.cypher_reader import Store

pytestmark = pytest.mark.capability("O7")

AT = datetime(2026, 11, 20, tzinfo=UTC)


def node(number: int, score: float | None = None) -> Node:
    return Node(f"p@{number}", "version", "p", number, labels=("production",) if number == 1 else (), score=score, created_at=AT)


def graph(*edges: tuple[int, int], scores: dict[int, float] | None = None) -> Graph:
    """Child and parent of each edge."""
    numbers = sorted({one for edge in edges for one in edge})
    return Graph([node(one, (scores or {}).get(one)) for one in numbers], [Edge(f"p@{a}", "mutated_from", f"p@{b}") for a, b in edges])


#      1
#    2   3
#   4  5   6     5 is a crossover of 2 and 3
DIAMOND = graph((2, 1), (3, 1), (4, 2), (5, 2), (5, 3), (6, 3), scores={4: 0.5, 5: 0.9})


def test_relatives_come_with_the_least_number_of_steps() -> None:
    assert DIAMOND.ancestors("p@5") == {"p@2": 1, "p@3": 1, "p@1": 2}
    assert DIAMOND.descendants("p@3") == {"p@5": 1, "p@6": 1}
    assert DIAMOND.ancestors("p@1") == {}


def test_the_nearest_common_ancestors_are_ancestors_of_no_other_common_one() -> None:
    assert DIAMOND.common_ancestors("p@4", "p@5") == ["p@2"]
    assert DIAMOND.common_ancestors("p@4", "p@6") == ["p@1"]
    assert DIAMOND.common_ancestors("p@5", "p@3") == ["p@3"]
    assert graph((2, 1), (4, 3)).common_ancestors("p@2", "p@4") == []
    assert graph((3, 1), (3, 2), (4, 1), (4, 2)).common_ancestors("p@3", "p@4") == ["p@1", "p@2"]


def test_two_families_say_where_they_part_and_what_they_share() -> None:
    found = DIAMOND.compare("p@2", "p@3")
    assert (found.a.nodes, found.b.nodes, found.shared, found.common) == (3, 3, 1, ("p@1",))
    assert (found.a.depth, found.a_away, found.b_away) == (1, 1, 1)
    assert found.a.best is not None and found.a.best.id == "p@5" and found.b.kinds == {"mutated_from": 2}
    apart = graph((2, 1), (4, 3)).compare("p@1", "p@3")
    assert (apart.common, apart.a_away, apart.shared) == ((), None, 0)


@given(st.lists(st.tuples(st.integers(2, 30), st.integers(1, 29)).filter(lambda one: one[0] > one[1]), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_common_ancestors_are_what_networkx_finds_by_brute_force(edges: list[tuple[int, int]]) -> None:
    made, other = graph(*edges), networkx.DiGraph((f"p@{b}", f"p@{a}") for a, b in edges)
    a, b = sorted(made.nodes)[0], sorted(made.nodes)[-1]
    common = ({a} | networkx.ancestors(other, a)) & ({b} | networkx.ancestors(other, b))
    nearest = {one for one in common if not common & networkx.descendants(other, one)}
    assert set(made.common_ancestors(a, b)) == nearest
    assert made.ancestors(b) == {k: v for k, v in networkx.single_source_shortest_path_length(other.reverse(), b).items() if k != b}


ODD = Graph(
    [
        Node('p@1 "quoted" \\ \n 😀', "published", 'p"; DROP', 1),
        Node("p@2", "version", "p", 2, made_by="manual", model="a/b", labels=("production", "staging"), score=1e-07, created_at=AT),
        Node("c", "candidate", "p", made_by="crossover"),
    ],
    [Edge("p@2", "cloned_from", 'p@1 "quoted" \\ \n 😀'), Edge("c", "crossover_of", "p@2"), Edge("c", "mutated_from", "p@2")],
)


@pytest.mark.parametrize("made", [DIAMOND, ODD])
def test_graphml_opens_in_networkx_with_all_that_was_written(made: Graph) -> None:
    read = networkx.read_graphml(io.BytesIO(graphml(made)))
    moments = [one["created_at"] for _, one in read.nodes(data=True) if "created_at" in one]
    assert moments and all(one.endswith("Z") for one in moments), "as every answer tells a moment"
    assert {one: dict(values) for one, values in read.nodes(data=True)} == {one.id: properties(one) for one in made.nodes.values()}
    assert {(a, b, values["kind"]) for a, b, values in read.edges(data=True)} == {(one.child, one.parent, one.kind) for one in made.edges}


CHAINED = Graph(
    [node(1), node(2), Node("chain:reply@1", "chain", "reply", 1, labels=("production",), score=0.5, created_at=AT)],
    [Edge("p@2", "derived_from", "p@1"), Edge("chain:reply@1", "runs", "p@1"), Edge("chain:reply@1", "runs", "p@2")],
)


@pytest.mark.parametrize("made", [DIAMOND, ODD, CHAINED])
def test_no_id_of_a_graphml_file_stands_for_two_things(made: Graph) -> None:
    root = ElementTree.fromstring(graphml(made))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    keys = [one.attrib["id"] for one in root.iter(f"{space}key")]
    edges = [one.attrib["id"] for one in root.iter(f"{space}edge")]
    assert len(set(keys)) == len(keys) and len(set(edges)) == len(edges) == len(made.edges)
    assert {one.attrib["key"] for one in root.iter(f"{space}data")} <= set(keys)
    named = [(one.attrib["for"], one.attrib["attr.name"]) for one in root.iter(f"{space}key")]
    assert len(set(named)) == len(named) and {("node", "kind"), ("edge", "kind")} <= set(named)


def test_the_slug_of_a_chain_is_no_prompt_in_a_file() -> None:
    told = properties(CHAINED.nodes["chain:reply@1"])
    assert (told["chain"], told["version"], told["labels"], "prompt" in told) == ("reply", 1, "production", False)
    assert properties(CHAINED.nodes["p@1"])["prompt"] == "p" and "chain" not in properties(CHAINED.nodes["p@1"])


@pytest.mark.parametrize("made", [DIAMOND, ODD, CHAINED])
def test_cypher_parses_and_may_be_run_again(made: Graph) -> None:
    store = Store()
    for _ in range(2):
        store.run(cypher(made).decode())
        assert {id_: values for (_, id_), values in store.nodes.items()} == {one.id: properties(one) for one in made.nodes.values()}
        assert {(a[1], kind.lower(), b[1]) for a, kind, b in store.edges} == {(one.child, one.kind, one.parent) for one in made.edges}
        assert len(store.constraints) == 4


def test_what_a_node_has_no_more_is_gone_when_it_is_run_again() -> None:
    """A label that moved on stood on both versions."""
    before, after = [
        Graph([Node("p@1", "version", "p", 1, labels=one, score=score), Node("p@2", "version", "p", 2, labels=two)], [])
        for one, score, two in ((("production",), 0.5, ()), ((), None, ("production",)))
    ]
    store = Store()
    for made in (before, after):
        store.run(cypher(made).decode())
    assert {id_: values for (_, id_), values in store.nodes.items()} == {one.id: properties(one) for one in after.nodes.values()}


@pytest.mark.parametrize("broken", ['MERGE (n:A {id: "x});', "MERGE (n:A {id: 'x'}) SET n += {};", "DROP ALL;", 'MERGE (n:A {id: "x"})'])
def test_what_is_no_cypher_of_ours_is_refused_by_the_reader(broken: str) -> None:
    with pytest.raises(SyntaxError):
        Store().run(broken)
