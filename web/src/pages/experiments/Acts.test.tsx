import { QueryClient } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import Toasts from "@/kit/Toasts";
import { preloadFloats } from "@/kit/floats";
import { Acts } from "./Acts";

vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true, admin: true }), useSession: () => ({ user: { id: "1" }, workspace: { id: "w" } }), needs: () => "" }));
beforeAll(preloadFloats);

const arm = (name: string, control: boolean, version: number) => ({ name, control, version, label: null, model: null, share: 0.5, mode: "live" });
const experiment = (changes: object) => ({
  id: "e", revision: 4, status: "running", name: "Shorter", description: "", prompt: "a", kind: "ab", label: "production", unit: "end_user", metric: "satisfaction", direction: "higher", allocation: "fixed", on_winner: "offered", targeting: "", namespace: null,
  arms: [arm("control", true, 1), arm("candidate", false, 2)], deciding: { method: "sequential" }, rollout: null, rollout_state: null, step: null, winner: null, promotion: null, results: null, guardrails: [], shadow_budget_nusd: null, ...changes,
}); // prettier-ignore
const rollout = { kind: "rollout", rollout: { steps: [0.05, 0.25, 0.5, 1] }, rollout_state: "ramping" };

const REFUSED = { error: { code: "conflict", message: "The experiment was changed meanwhile: you saw revision 4, it is at 5. Read it again.", param: "revision" } };

/** Its acts; `become`: what the page finds when it reads it again. */
function show(given: object) {
  const client = new QueryClient();
  const acts = (one: object) => (
    <Queries of={client}>
      <Acts experiment={experiment(one) as never} />
    </Queries>
  );
  const { rerender } = render(acts(given));
  return { become: (one: object) => rerender(acts(one)) };
}

/** By the keyboard: what is pressed has the focus. */
const press = (name: string) => {
  const button = screen.getByRole("button", { name });
  button.focus();
  fireEvent.click(button);
};

const ASKED = [
  { act: "Next step", title: /^Go to 25\s%/, submit: "Take the next step", path: "/v1/experiments/e/advance", before: { ...rollout, step: 0 }, after: { ...rollout, step: 1, revision: 5 }, next: /^Go to 50\s%/ },
  { act: "Start", title: "Start it?", submit: "Start the experiment", path: "/v1/experiments/e/start", before: { status: "draft" }, after: { status: "draft", label: "staging", revision: 5 }, next: /Calls of staging are shared out/ },
];

it.each(ASKED)("$act: does what was asked or nothing, whatever became of it meanwhile", async ({ act, title, submit, path, before, after, next }) => {
  const asked = slowApi();
  const { become } = show(before);
  press(act);
  const words = (await screen.findByRole("dialog", { name: title })).textContent;
  become(after);
  expect(screen.getByRole("dialog", { name: title }).textContent).toBe(words);
  press(submit);
  const sent = await asking(asked, "POST", path);
  expect(sent.body).toMatchObject({ revision: 4 });
  await sent.answer(REFUSED, 409);
  expect((await screen.findByRole("alert")).textContent).toContain("changed meanwhile");

  press("Cancel");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("button", { name: act })));
  press(act);
  expect((await screen.findAllByText(next)).length).toBeGreaterThan(0);
  press(submit);
  expect((await asking(asked, "POST", path, 2)).body).toMatchObject({ revision: 5 });
});

const WON = { status: "completed", winner: "candidate", arms: [arm("control", true, 1), { ...arm("candidate", false, 2), model: "small" }] };
const STOOD = { state: "stood_there", label: "production", from_version: 2, version: 2, model: null, branch: null, why: "", at: "2026-11-20T00:00:00Z" };

it("offers a model that an older release said stood there already, while nobody got it", () => {
  show({ ...WON, promotion: STOOD });
  expect(screen.getByRole("button", { name: "Ship candidate" })).toBeTruthy();
});

it.each([
  ["a version with the model", { ...STOOD, version: 3, model: "small" }],
  ["an arm's version that has the model already", { ...STOOD, model: "small" }],
])("offers nothing where the label is on %s", (_, promotion) => {
  show({ ...WON, promotion });
  expect(screen.queryByRole("button", { name: /^Ship/ })).toBeNull();
});

it("says why the label stayed when it was decided", async () => {
  const asked = slowApi();
  show({});
  render(<Toasts />);
  press("Ship a winner");
  fireEvent.change(await screen.findByRole("textbox", { name: /Reason/ }), { target: { value: "cheaper" } });
  press("Ship it");
  const why = "somebody moved it meanwhile";
  await (await asking(asked, "POST", "/v1/experiments/e/decide")).answer({ ...experiment({ status: "completed" }), promotion: { ...STOOD, state: "refused", why } });
  expect(await screen.findByText(`production stays: ${why}`)).toBeTruthy();
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("offers to ship at the last step of a ramp, where no next one can be taken", async () => {
  const asked = slowApi();
  const { become } = show({ ...rollout, step: 2 });
  expect(screen.getByRole("button", { name: "Next step" })).toBeTruthy();
  become({ ...rollout, step: 3, rollout_state: "holding" });
  expect(screen.queryByRole("button", { name: "Next step" })).toBeNull();
  press("Ship candidate");
  fireEvent.change(await screen.findByRole("textbox", { name: /Reason/ }), { target: { value: "seen enough" } });
  press("Ship it");
  expect((await asking(asked, "POST", "/v1/experiments/e/decide")).body).toMatchObject({ winner: "candidate", move_label: true });
});
