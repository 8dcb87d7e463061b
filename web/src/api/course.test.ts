import { expect, it } from "vitest";
import { closeUp } from "./course";

const at = (hour: string, executions = 3) => ({ at: `2026-11-20T${hour}:00:00Z`, executions });
const NOW = Date.parse("2026-11-20T15:20:00Z");

it("looks closer where everything lies within two hours", () => {
  const near = closeUp([at("09", 0), at("13"), at("14")], NOW);
  expect(near).toEqual({ fromMs: Date.parse("2026-11-20T13:00:00Z"), toMs: Date.parse("2026-11-20T15:00:00Z"), grain: "minute", stepMs: 60_000 });
});

it("shows the time as it was asked for where there is more, nothing, or only what is old", () => {
  expect(closeUp([at("11"), at("14")], NOW)).toBeNull();
  expect(closeUp([at("11", 0)], NOW)).toBeNull();
  expect(closeUp([], NOW)).toBeNull();
  expect(closeUp([at("14")], NOW + 48 * 3_600_000)).toBeNull();
});
