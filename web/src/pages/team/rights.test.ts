import { expect, it } from "vitest";
import rights from "./rights.json";
import { type Area, ROLES, type Right, areasOf, extentOf, mayDo } from "./rights";

const area = (...given: Right[]): Area => ({ id: "a", name: "A", rights: given });

it("counts what a role may, and leaves out what only the operator does", () => {
  const one = area(["viewer", "read", "look"], ["editor", "act", "change"], ["admin", "act", "delete"], ["operator", "act", "grant"]);
  expect(ROLES.map((role) => extentOf(role, one).words)).toEqual(["reads", "reads, 1 of 2 acts", "everything"]);
  expect(ROLES.map((role) => extentOf(role, area(["admin", "read", "look"])).words)).toEqual(["nothing", "nothing", "everything"]);
  expect(extentOf("viewer", area(["viewer", "read", "a"], ["admin", "read", "b"])).words).toBe("1 of 2 reads");
  expect([mayDo("editor", "prompt_editor"), mayDo("viewer", "prompt_editor"), mayDo("admin", "operator")]).toEqual([true, false, false]);
});

it("says of the API as it is what the guide to access says", () => {
  const areas = new Map(areasOf(rights).map((one) => [one.id, one]));
  const words = (id: string) => ROLES.map((role) => extentOf(role, areas.get(id) as Area).words);
  expect([words("audit"), words("provider_keys"), words("datasets")]).toEqual([
    ["nothing", "nothing", "everything"],
    ["nothing", "nothing", "everything"],
    ["reads", "everything", "everything"],
  ]);
  expect(areas.get("executions")?.rights).toContainEqual(["viewer", "act", "Run a prompt"]);
  for (const one of areas.values()) for (const [rule, verb, what] of one.rights) expect([mayDo("admin", rule) || rule === "operator", ["read", "act"].includes(verb), Boolean(what)]).toEqual([true, true, true]);
});
