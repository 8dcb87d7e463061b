import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { EditChannel } from "./EditChannel";
import type { Channel } from "./channel";
import { isOff } from "@/kit/off.fake";

beforeAll(preloadFloats);

const KEY = "0123456789abcdef0123456789abcdef";
const PAGERDUTY: Channel = { id: "c", kind: "pagerduty", name: "On call", enabled: true, region: "eu", url: null, address: null, recipients: null, filters: { min_severity: "error" }, last_notice: null, waiting: 0, created_at: "2026-11-01T00:00:00Z", updated_at: "2026-11-01T00:00:00Z" };

function opened(channel: Channel | null, now = channel) {
  const asked = slowApi({ "GET /v1/prompts": { data: [{ slug: "triage", name: "triage" }], next_cursor: null }, ...(now ? { "GET /v1/alert-channels/c": now } : {}) });
  render(
    <Queries>
      <EditChannel channel={channel} onClose={() => {}} />
    </Queries>,
  );
  return asked;
}

const field = (label: RegExp) => screen.getByLabelText<HTMLInputElement>(label);
const write = (label: RegExp, value: string) => fireEvent.change(field(label), { target: { value } });
const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });

it("makes a channel of PagerDuty with its key, hidden, and its region, and with no address", async () => {
  const asked = opened(null);
  write(/^By/, "pagerduty");
  write(/^Name/, " On call ");
  expect(isOff(button("Set it up"))).toBe(true);
  write(/^Integration key/, ` ${KEY} `);
  expect(field(/^Integration key/).type).toBe("password");
  write(/^Region/, "eu");
  expect(isOff(button("Set it up"))).toBe(false);
  fireEvent.click(button("Set it up"));
  const made = await asking(asked, "POST", "/v1/alert-channels");
  expect(made.body).toEqual({ kind: "pagerduty", name: "On call", routing_key: KEY, region: "eu", filters: { kinds: null, prompts: null, min_severity: null } });
});

it("drops what was typed for another service, and sends no region to it", async () => {
  const asked = opened(null);
  write(/^By/, "pagerduty");
  write(/^Name/, "On call");
  write(/^Integration key/, KEY);
  write(/^By/, "slack");
  expect(screen.queryByLabelText(/^Region/)).toBeNull();
  expect(field(/^Address/).value).toBe("");
  write(/^Address/, "https://hooks.slack.com/services/x");
  fireEvent.click(button("Set it up"));
  const made = await asking(asked, "POST", "/v1/alert-channels");
  expect(made.body).toEqual({ kind: "slack", name: "On call", url: "https://hooks.slack.com/services/x", filters: { kinds: null, prompts: null, min_severity: null } });
});

it("leaves the key as it is where the field stays empty, and asks for one where the region changes", async () => {
  const asked = opened(PAGERDUTY);
  expect(screen.queryByLabelText(/^By/)).toBeNull();
  expect(isOff(button("Save"))).toBe(false);
  fireEvent.click(button("Save"));
  const saved = await asking(asked, "PATCH", "/v1/alert-channels/c");
  expect(saved.body).toEqual({ name: "On call", region: "eu", filters: { kinds: null, prompts: null, min_severity: "error" } });
  await saved.answer({ error: { code: "unavailable", message: "Later.", type: "unavailable" } }, 503);
  write(/^Region/, "us");
  expect(isOff(button("Save"))).toBe(true);
  screen.getByText("The other region is another service: give its key.");
  write(/^Integration key/, KEY);
  expect(isOff(button("Save"))).toBe(false);
});

it("shows a refused key at its field", async () => {
  const asked = opened(PAGERDUTY);
  write(/^Integration key/, "short");
  fireEvent.click(button("Save"));
  const refused = await asking(asked, "PATCH", "/v1/alert-channels/c");
  await refused.answer({ error: { code: "invalid_field", message: "routing_key: is 32 signs.", param: "routing_key", type: "invalid_request" } }, 422);
  await vi.waitFor(() => expect(field(/^Integration key/).getAttribute("aria-invalid")).toBe("true"));
  screen.getByText("Is 32 signs.");
});

it("looks once more before it sends: what somebody else changed comes in, and stands in its field", async () => {
  const asked = opened(PAGERDUTY, { ...PAGERDUTY, filters: { prompts: ["triage"], min_severity: "critical" } });
  write(/^Name/, "Nights");
  fireEvent.click(button("Save"));
  await screen.findByText("Changed by somebody meanwhile.");
  expect(field(/^Name/).value).toBe("Nights");
  expect(field(/^Severity/).value).toBe("critical");
  within(screen.getByRole("group", { name: "Only of these prompts" })).getByText("triage");
  expect(asked).toEqual([]);
  fireEvent.click(button("Save"));
  const saved = await asking(asked, "PATCH", "/v1/alert-channels/c");
  expect(saved.body).toEqual({ name: "Nights", region: "eu", filters: { kinds: null, prompts: ["triage"], min_severity: "critical" } });
});

it("takes a prompt out of what it is told of, and tells of all where none is left", async () => {
  const asked = opened({ ...PAGERDUTY, filters: { prompts: ["triage"] } });
  fireEvent.click(screen.getByRole("button", { name: "Take triage away" }));
  screen.getByText("All prompts.");
  fireEvent.click(button("Save"));
  expect((await asking(asked, "PATCH", "/v1/alert-channels/c")).body).toMatchObject({ filters: { prompts: null } });
});
