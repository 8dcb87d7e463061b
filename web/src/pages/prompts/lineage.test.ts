import { expect, it } from "vitest";
import { type Edge, type Node, NODE_PX, familyOf, hasFamily, nameOfNode, placed } from "./lineage";

const node = (id: string, at: number, more: Partial<Node> = {}): Node => ({ id, kind: "version", prompt: "p", version: at, candidate_id: null, line_id: null, made_by: "manual", model: "m", labels: [], score: null, simulated: false, created_at: `2026-11-0${at}T00:00:00Z`, ...more });
const edge = (child: string, parent: string): Edge => ({ child, parent, kind: "derived_from", job_id: null });
const STEP = NODE_PX.width + NODE_PX.gapX;

it("puts what came later to the right, and a merge behind both its parents", () => {
  const made = placed({ nodes: [node("d", 4), node("a", 1), node("b", 2), node("c", 3)], edges: [edge("b", "a"), edge("c", "a"), edge("d", "b"), edge("d", "c")] });
  const at = new Map(made.nodes.map((one) => [one.node.id, one]));
  expect(["a", "b", "c", "d"].map((id) => at.get(id)?.x)).toEqual([0, STEP, STEP, 2 * STEP]);
  expect(at.get("b")?.y).not.toBe(at.get("c")?.y);
  expect(made.width).toBe(3 * STEP - NODE_PX.gapX);
});

it("ends also where somebody says that it goes round", () => {
  expect(placed({ nodes: [node("a", 1), node("b", 2)], edges: [edge("a", "b"), edge("b", "a")] }).nodes).toHaveLength(2);
  expect(placed({ nodes: [], edges: [] }).nodes).toEqual([]);
});

it("names a node for who looks from this prompt", () => {
  expect(nameOfNode(node("p@3", 3), "p")).toBe("v3");
  expect(nameOfNode(node("q@3", 3, { prompt: "q" }), "p")).toBe("q v3");
  expect(nameOfNode(node("01a1fba2-aaaaaa", 3, { kind: "candidate" }), "p")).toBe("candidate …aaaaaa");
});

it("knows a family: what a node comes of and what came of it, and no cousins", () => {
  const edges = [edge("b", "a"), edge("c", "b"), edge("d", "b"), edge("e", "c"), edge("a", "e")];
  expect([...familyOf("c", edges.slice(0, 4))].sort()).toEqual(["a", "b", "c", "e"]);
  expect(familyOf("c", edges).size).toBe(5); // Where somebody says that it goes round.
});

it("offers to compare what the API compares: versions and candidates alone", () => {
  expect((["version", "candidate", "published", "chain"] as const).filter((kind) => hasFamily({ kind }))).toEqual(["version", "candidate"]);
});
