import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Drawing } from "./LineageDrawing";
import { type Node, NODE_PX } from "./lineage";

const node = (at: number): Node => ({ id: `p@${at}`, kind: "version", prompt: "p", version: at, candidate_id: null, line_id: null, made_by: "manual", model: "m", labels: [], score: null, simulated: false, created_at: `2026-11-0${at}T00:00:00Z` });
const graph = { nodes: [1, 2, 3, 4, 5, 6].map(node), edges: [2, 3, 4, 5, 6].map((at) => ({ child: `p@${at}`, parent: `p@${at - 1}`, kind: "derived_from" as const, job_id: null })) };

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(2 * NODE_PX.width);
  return () => void vi.restoreAllMocks();
});

it("begins with what is chosen, and stays where somebody went when they look closer", () => {
  render(<Drawing slug="p" graph={graph as never} chosen="p@6" onChoose={() => undefined} />);
  const frame = screen.getByRole("region", { name: "Drawing of the lineage" });
  expect(frame.scrollLeft).toBeGreaterThan(NODE_PX.width);
  frame.scrollLeft = 0;
  fireEvent.click(screen.getByRole("button", { name: "Larger" }));
  expect(frame.scrollLeft).toBe(0);
});

it("shows labels, of chains too, and says what the lines that are drawn mean", () => {
  const chain = { ...node(1), id: "chain:c@1", kind: "chain" as const, prompt: "c", labels: ["canary", "live"] };
  const edges = [...graph.edges, { child: "chain:c@1", parent: "p@2", kind: "runs" as const, job_id: null }];
  const { rerender } = render(<Drawing slug="p" graph={{ nodes: [...graph.nodes, chain], edges } as never} chosen={null} onChoose={() => undefined} />);
  expect(screen.getByRole("button", { name: /chain c v1/ }).textContent).toContain("canary+1");
  const lines = () => screen.getAllByRole("listitem").map((one) => one.textContent);
  expect(lines()).toEqual(["Whole: changed from, or found by a search from", "Dashed: a chain that runs the version"]);
  rerender(<Drawing slug="p" graph={graph as never} chosen={null} onChoose={() => undefined} />);
  expect(lines()).toEqual(["Whole: changed from, or found by a search from"]);
});
