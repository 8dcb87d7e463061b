import { render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import ReportPage from "./ReportPage";

vi.mock("@tanstack/react-router", async () => ({ ...(await import("../../kit/link.fake")), useNavigate: () => () => undefined, useParams: () => ({ id: "r" }) }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, admin: true }), useSession: () => ({ user: { id: "1" }, workspace: { id: "w" } }), needs: () => "" }));
vi.mock("./Kpis", () => ({ Kpis: () => null }));
beforeAll(preloadFloats);

const SENTENCE = "'a' is better: +3 points; you may stop. 'b' is worse: −2 points; you may stop.";
const REPORT = {
  id: "r", title: "Shorter", kind: "workspace", summary: SENTENCE, from: "2026-11-16T00:00:00Z", to: "2026-11-23T00:00:00Z", created_at: "2026-11-23T00:00:00Z", schedule: null, simulated: false,
  content: {
    figures: { executions: 0 }, before: { executions: 0 }, series: [], breakdowns: {}, alerts: [], test_runs: [], failure_groups: [], projection: null, experiment: null,
    experiments: [{ experiment_id: "e", name: "Shorter", prompt: "greeter", sentence: SENTENCE, outcome: "better", completed_at: "2026-11-20T00:00:00Z" }],
  },
}; // prettier-ignore

it("tells nobody to stop what ended", async () => {
  slowApi({ "GET /v1/reports/r": REPORT });
  render(
    <Queries>
      <ReportPage />
    </Queries>,
  );
  expect((await screen.findAllByText("'a' is better: +3 points. 'b' is worse: −2 points.", { normalizer: (text) => text.replaceAll("\u00a0", " ") })).length).toBe(2);
  expect(document.body.textContent).not.toContain("you may stop");
});

it("takes no winner that somebody chose for one that was proven", async () => {
  const [ended] = REPORT.content.experiments;
  const content = { ...REPORT.content, experiments: [{ ...ended, experiment_id: "e1", decided_by: "system:optimizer" }, { ...ended, name: "Longer", decided_by: "user:1" }] };
  slowApi({ "GET /v1/reports/r": { ...REPORT, content } });
  render(
    <Queries>
      <ReportPage />
    </Queries>,
  );
  expect((await screen.findByText("chosen by hand")).closest("tr")?.textContent).toContain("Longer");
  expect(screen.getByText("better").closest("tr")?.textContent).toContain("Shorter");
});
