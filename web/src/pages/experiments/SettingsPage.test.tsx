import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import SettingsPage from "./SettingsPage";

vi.mock("@/api/session", () => ({ useMay: () => ({ admin: true }), needs: () => "" }));
vi.mock("./Head", () => ({ Head: ({ children }: { children: unknown }) => children }));
beforeAll(preloadFloats);

const SETTINGS = { min_samples: 100, confidence: 0.95, holdout_share: 0, rollout_policy: null };
const field = (label: RegExp) => screen.getByLabelText<HTMLInputElement>(label);
const save = () => fireEvent.click(screen.getByRole("button", { name: "Save" }));

it("looks once more before it saves, keeps what was typed, and goes on from what it saved", async () => {
  const known: Record<string, unknown> = { "GET /v1/experiments/settings": SETTINGS, "GET /v1/experiments/namespaces": { data: [] } };
  const asked = slowApi(known);
  render(
    <Queries>
      <SettingsPage />
    </Queries>,
  );
  fireEvent.change(await screen.findByLabelText(/^In no experiment/), { target: { value: "5" } });
  known["GET /v1/experiments/settings"] = { ...SETTINGS, min_samples: 250 };
  save();
  await screen.findByText("Changed by somebody meanwhile.");
  expect([field(/^Units in each arm/).value, field(/^In no experiment/).value]).toEqual(["250", "5"]);
  expect(asked).toEqual([]);
  save();
  const sent = await asking(asked, "PUT", "/v1/experiments/settings");
  expect(sent.body).toEqual({ min_samples: 250, confidence: 0.95, holdout_share: 0.05, rollout_policy: null });
  known["GET /v1/experiments/settings"] = sent.body;
  await sent.answer(sent.body);
  await vi.waitFor(() => expect(screen.queryByText("Changed by somebody meanwhile.")).toBeNull());
  fireEvent.change(field(/^Sure by/), { target: { value: "99" } });
  save();
  expect((await asking(asked, "PUT", "/v1/experiments/settings", 2)).body).toMatchObject({ confidence: 0.99, holdout_share: 0.05 });
});
