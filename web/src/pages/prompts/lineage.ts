/** Where each version and candidate stands in the drawing of a lineage. Pure. */
import type { Answer } from "@/api/hooks";

export type Graph = Answer<"/v1/prompts/{slug}/lineage/graph">;
export type Node = Graph["nodes"][number];
export type Edge = Graph["edges"][number];

export const KINDS: Record<Edge["kind"], string> = { derived_from: "changed from", mutated_from: "found by a search from", branch_of: "branch of", crossover_of: "crossed from", cherry_picked_from: "took parts of", cloned_from: "cloned from", compressed_from: "shortened from", runs: "runs" };

/** Whether the API compares its family: what was cloned from elsewhere and chains only stand beside. */
export const hasFamily = (node: Pick<Node, "kind">) => node.kind === "version" || node.kind === "candidate";

export const NODE_PX = { width: 168, height: 56, gapX: 56, gapY: 14 } as const;
export type Placed = { node: Node; x: number; y: number };

/** "v3", "candidate 01a1f…", or the slug with its version where it is another prompt's. */
export function nameOfNode(node: Pick<Node, "kind" | "version" | "prompt" | "id">, slug: string): string {
  if (node.kind === "candidate") return `candidate …${node.id.slice(-6)}`;
  const version = node.version === null ? "" : `v${node.version}`;
  if (node.kind === "chain") return `chain ${node.prompt} ${version}`;
  return node.prompt === slug ? version : `${node.prompt} ${version}`.trim();
}

export function nameOf(node: Node | undefined, slug: string): string {
  return node ? nameOfNode(node, slug) : "one that is gone";
}

/** All that a node comes of and all that came of it, itself included. */
export function familyOf(id: string, edges: readonly Edge[]): ReadonlySet<string> {
  const found = new Set([id]);
  const follow = (from: string, next: (one: string) => string[]) => {
    const ways = [from];
    const seen = new Set([from]);
    for (let one = ways.pop(); one !== undefined; one = ways.pop()) {
      for (const other of next(one)) if (!seen.has(other)) { seen.add(other); found.add(other); ways.push(other); } // prettier-ignore
    }
  };
  const [up, down] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { child, parent } of edges) {
    up.set(child, [...(up.get(child) ?? []), parent]);
    down.set(parent, [...(down.get(parent) ?? []), child]);
  }
  follow(id, (one) => up.get(one) ?? []);
  follow(id, (one) => down.get(one) ?? []);
  return found;
}

/** From left to right by how many steps it lies from where it began; within a column by time, close to its parents. */
export function placed({ nodes, edges }: Pick<Graph, "nodes" | "edges">): { nodes: Placed[]; width: number; height: number } {
  const parents = new Map<string, string[]>();
  for (const { child, parent } of edges) parents.set(child, [...(parents.get(child) ?? []), parent]);
  const known = new Set(nodes.map((one) => one.id));
  const levels = new Map<string, number>();
  const levelOf = (id: string, path: ReadonlySet<string>): number => {
    const before = levels.get(id);
    if (before !== undefined) return before;
    if (path.has(id)) return 0; // Lineages have no rings; whatever says so must not hang the page.
    const above = (parents.get(id) ?? []).filter((one) => known.has(one)).map((one) => levelOf(one, new Set([...path, id])) + 1);
    const level = above.length > 0 ? Math.max(...above) : 0;
    levels.set(id, level);
    return level;
  };
  for (const { id } of nodes) levelOf(id, new Set());
  const columns: Node[][] = [];
  for (const node of [...nodes].sort((a, b) => (a.created_at ?? "").localeCompare(b.created_at ?? ""))) (columns[levels.get(node.id) ?? 0] ??= []).push(node);
  const rows = new Map<string, number>();
  const found: Placed[] = [];
  columns.forEach((column, at) => {
    const wish = (node: Node) => {
      const above = (parents.get(node.id) ?? []).map((one) => rows.get(one)).filter((one) => one !== undefined);
      return above.length > 0 ? above.reduce((sum, one) => sum + one, 0) / above.length : Number.MAX_SAFE_INTEGER;
    };
    [...column].sort((a, b) => wish(a) - wish(b)).forEach((node, row) => {
      rows.set(node.id, row);
      found.push({ node, x: at * (NODE_PX.width + NODE_PX.gapX), y: row * (NODE_PX.height + NODE_PX.gapY) });
    });
  });
  const most = Math.max(1, ...columns.map((column) => column?.length ?? 0));
  return { nodes: found, width: Math.max(1, columns.length) * (NODE_PX.width + NODE_PX.gapX) - NODE_PX.gapX, height: most * (NODE_PX.height + NODE_PX.gapY) - NODE_PX.gapY };
}
