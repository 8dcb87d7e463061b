import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { SendSuggestion } from "./SendSuggestion";
import { isOff } from "@/kit/off.fake";

vi.mock("@tanstack/react-router", () => ({ useNavigate: () => () => undefined, useRouter: () => ({ history: { location: { search: "", state: {} } } }) }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true }), useSession: () => ({ user: { id: "1" }, workspace: { id: "w" } }), needs: () => "" }));

beforeAll(preloadFloats);

const OPEN = { id: "s", prompt: "p", base_version: 1, status: "open", rollout_warning: null };

function sent(suggestion: object, labels: object) {
  const asked = slowApi({ "GET /v1/suggestions/s": suggestion, "GET /v1/prompts/p": { slug: "p", labels } });
  render(<SendSuggestion id="s" onClose={() => undefined} />, { wrapper: Queries });
  return asked;
}

const begin = () => screen.findByRole<HTMLButtonElement>("button", { name: "Begin the rollout" });

it("begins a rollout of what was proven against another version where somebody insists, and says so before", async () => {
  const asked = sent(OPEN, { production: 2 });
  await screen.findByText("Production names v2 by now.");
  expect(isOff(await begin())).toBe(true);
  fireEvent.click(screen.getByRole("checkbox", { name: "Begin the rollout all the same" }));
  fireEvent.click(await begin());
  expect((await asking(asked, "POST", "/v1/suggestions/s/accept")).body).toMatchObject({ rollout: "guarded", force: true });
});

it("asks to insist where the label moved meanwhile, without words of the API that nobody can follow here", async () => {
  const asked = sent(OPEN, { production: 1 });
  await vi.waitFor(async () => expect(isOff(await begin())).toBe(false));
  fireEvent.click(await begin());
  const error = { type: "conflict", code: "conflict", message: 'Run the optimization again, or accept with "force": true.', param: "label" };
  await (await asking(asked, "POST", "/v1/suggestions/s/accept")).answer({ error }, 409);
  expect(screen.queryByText(/force/)).toBeNull();
  fireEvent.click(screen.getByRole("checkbox", { name: "Begin the rollout all the same" }));
  fireEvent.click(await begin());
  expect((await asking(asked, "POST", "/v1/suggestions/s/accept", 2)).body).toMatchObject({ force: true });
});

it("offers an experiment first where a rollout would be taken back, and says why when a rollout is chosen", async () => {
  sent({ ...OPEN, rollout_warning: "It costs more." }, { production: 1 });
  await screen.findByRole("button", { name: "Draft the experiment" });
  expect(screen.queryByText("It would be taken back.")).toBeNull();
  fireEvent.click(screen.getByRole("radio", { name: "Guarded rollout" }));
  await screen.findByText("It would be taken back.");
});
