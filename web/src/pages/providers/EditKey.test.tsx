import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { EditKey } from "./EditKey";

beforeAll(preloadFloats);

const KEY = { id: "k", name: "Main", provider: "openai", last4: "abcd", priority: 100, requests_per_minute: null, tokens_per_minute: null, status: "active", reason: null };

it("looks once more before it sends: it sends what was typed here, and nothing of what somebody else changed", async () => {
  const asked = slowApi({ "GET /v1/provider-keys/k": { ...KEY, name: "First", priority: 10 } });
  render(
    <Queries>
      <EditKey providerKey={KEY as never} onOpenChange={() => {}} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText(/^Requests a minute/), { target: { value: "500" } });
  fireEvent.change(screen.getByLabelText(/^New text of the key/), { target: { value: "sk-new" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("Changed by somebody meanwhile.");
  expect(screen.getByLabelText<HTMLInputElement>(/^Name/).value).toBe("First");
  expect(screen.getByLabelText<HTMLInputElement>(/^New text of the key/).value).toBe("sk-new");
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PATCH", "/v1/provider-keys/k")).body).toEqual({ requests_per_minute: 500, key: "sk-new" });
});

it("lets a key that rests since its account was empty be used at once", async () => {
  const resting = { ...KEY, cooldown_until: "2126-11-20T10:00:00Z", last_error: "provider_account_empty" };
  const asked = slowApi({ "GET /v1/provider-keys/k": resting });
  render(
    <Queries>
      <EditKey providerKey={resting as never} onOpenChange={() => {}} />
    </Queries>,
  );
  expect(screen.getByText(/has no money left/)).toBeTruthy();
  fireEvent.click(screen.getByLabelText("Use it again"));
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PATCH", "/v1/provider-keys/k")).body).toEqual({ status: "active" });
});
