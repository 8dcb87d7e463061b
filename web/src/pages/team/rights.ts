/** What each role may in each area, from what the API says of its operations (rights.json). Pure. */

/** As the API states it. prompt_editor: editors, or admins alone where the workspace says so. operator: of the installation. */
export type Rule = "viewer" | "editor" | "prompt_editor" | "admin" | "operator";
export type Verb = "read" | "act";
export type Right = readonly [rule: Rule, verb: Verb, what: string];
export type Area = { id: string; name: string; rights: readonly Right[] };

export const ROLES = ["viewer", "editor", "admin"] as const;
export type Role = (typeof ROLES)[number];

const HELD: Record<Role, readonly Rule[]> = { viewer: ["viewer"], editor: ["viewer", "editor", "prompt_editor"], admin: ["viewer", "editor", "prompt_editor", "admin"] };

export function mayDo(role: Role, rule: Rule): boolean {
  return HELD[role].includes(rule);
}

const NAMES: Record<string, string> = {
  access: "Members, workspaces and API keys",
  analytics: "Analytics and reports",
  audit: "Audit log",
  billing: "Credit, usage and budgets",
  evaluators: "Evaluators and scores",
  executions: "Runs and sessions",
  feedback: "Feedback and metrics",
  marketplace: "Library",
  optimization: "Test runs, searches and suggestions",
  privacy: "Erasure",
  prompts: "Prompts and labels",
  review: "Review queue",
};

/** The areas by name, but for those of the operator alone; one that is new has the name of its tag. */
export function areasOf(all: Readonly<Record<string, readonly (readonly string[])[]>>): Area[] {
  return Object.entries(all)
    .filter(([, rights]) => rights.some(([rule]) => rule !== "operator"))
    .map(([id, rights]) => ({ id, name: NAMES[id] ?? sentence(id), rights: rights as unknown as readonly Right[] }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function sentence(tag: string): string {
  return (tag[0] ?? "").toUpperCase() + tag.slice(1).replaceAll("_", " ");
}

export type Extent = { all: boolean; none: boolean; words: string };

/** How much of an area a role may: "everything", "reads", "reads, 3 of 8 acts", "nothing". What only the operator does is nobody's here. */
export function extentOf(role: Role, { rights }: Area): Extent {
  const own = rights.filter(([rule]) => rule !== "operator");
  const of = (verb: Verb) => own.filter((one) => one[1] === verb);
  const may = (verb: Verb) => of(verb).filter(([rule]) => mayDo(role, rule)).length;
  const [reads, acts] = [may("read"), may("act")];
  if (reads + acts === 0) return { all: false, none: true, words: "nothing" };
  if (reads + acts === own.length) return { all: true, none: false, words: "everything" };
  const part = (n: number, verb: Verb, word: string) => (n === 0 ? [] : n === of(verb).length ? [word] : [`${n} of ${of(verb).length} ${word}`]);
  return { all: false, none: false, words: [...part(reads, "read", "reads"), ...part(acts, "act", "acts")].join(", ") };
}
