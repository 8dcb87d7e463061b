import { render } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { Verdict } from "./Verdict";

vi.mock("@tanstack/react-router", async () => import("../../kit/link.fake"));
vi.mock("@/api/authors", () => ({ useAuthors: () => (who: string) => who }));

const ended = (winner: string, state: string, model: string | null = null) => ({
  status: "completed", prompt: "a", label: "production", unit: "end_user", winner,
  arms: [{ name: "old", version: 1, control: true, model }, { name: "new", version: 2, control: false, model: null }],
  verdict: { outcome: "worse", sentence: "'new' is worse.", decided_by: "system:experiments", at: "2026-11-20T10:00:00Z", reason: "" },
  promotion: { state, label: "production", version: winner === "old" ? 1 : 2, at: "2026-11-20T10:00:00Z", why: "", model: null, branch: null },
}); // prettier-ignore

let labels: Record<string, number> = { production: 1 };
vi.mock("@/api/hooks", () => ({ useRead: (_: string, __: object, { enabled }: { enabled: boolean }) => ({ data: enabled ? { labels } : undefined }) }));

const shown = (experiment: object) => render(<Verdict experiment={experiment as never} results={null} />).container.textContent ?? "";

describe("what is said of the label of an experiment that ended", () => {
  it("is that it stands there already where its control won, also where an older release offered that", () => {
    for (const state of ["offered", "stood_there"]) {
      const said = shown(ended("old", state));
      expect(said).toContain("production is on v1, as it was");
      expect(said).not.toContain("Ship the winner");
    }
  });

  it("is that the winner may be shipped where there is one to ship", () => {
    expect(shown(ended("new", "offered"))).toContain("Ship the winner when you are ready.");
    expect(shown(ended("old", "offered", "simulated/small"))).toContain("Ship the winner when you are ready.");
  });

  it("is that it serves what won by now where somebody moved it there since, unless what won has a model of its own", () => {
    labels = { production: 2 };
    for (const state of ["offered", "refused", "not_wanted"]) {
      const said = shown(ended("new", state));
      expect(said).toContain("production is on v2 by now, which won.");
      expect(said).not.toContain("has not moved yet");
    }
    labels = { production: 1 };
    expect(shown(ended("old", "offered", "simulated/small"))).toContain("production has not moved yet.");
  });
});
