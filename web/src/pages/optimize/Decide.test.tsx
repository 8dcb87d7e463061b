import { QueryClient } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { Toasts } from "@/kit";
import { preloadFloats } from "@/kit/floats";
import { Decide } from "./Decide";

beforeAll(preloadFloats);

const suggestion = { id: "s", prompt: "p", base_version: 1, content: {}, evidence: { test: { delta: 0.1, ci_low: 0, ci_high: 0.2 }, edits: [], by_metric: [] } };

it("closes and reads anew where somebody else accepted it without the label, and leaves nothing to insist on", async () => {
  const asked = slowApi({ "GET /v1/prompts/p": { slug: "p", labels: { production: 1 } } });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const readAgain = vi.spyOn(queries, "invalidateQueries");
  const onClose = vi.fn();
  render(
    <Queries of={queries}>
      <Decide suggestion={suggestion as never} deciding="accept" onClose={onClose} />
      <Toasts />
    </Queries>,
  );
  fireEvent.click(await screen.findByRole("button", { name: "Accept and go live" }));
  const error = { type: "conflict", code: "conflict", message: "This suggestion was accepted before.", param: "label", details: { version: 2, label: null } };
  await (await asking(asked, "POST", "/v1/suggestions/s/accept")).answer({ error }, 409);
  await screen.findByText("This suggestion was accepted before.", { selector: "[aria-live] *" });
  expect([onClose.mock.calls.length, readAgain.mock.calls.length]).toEqual([1, 1]);
  expect(screen.queryByText(/^Production names/)).toBeNull();
});

it("edits the text only where all edits are taken, moves no label by itself meanwhile, and keeps what was written", async () => {
  const messages = [{ role: "user", content: "Be kind. {{ticket}}" }];
  slowApi({ "GET /v1/prompts/p": { slug: "p", labels: { production: 1 }, messages: [{ role: "user", content: "{{ticket}}" }] } });
  const edits = ["Be kind.", "Be brief."].map((text) => ({ operation: "insert", text, anchor: null, rationale: "" }));
  const found = { ...suggestion, content: { messages }, evidence: { ...suggestion.evidence, edits, method: "racing" } };
  render(
    <Queries of={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Decide suggestion={found as never} deciding="accept" onClose={() => undefined} />
    </Queries>,
  );
  await screen.findByRole("button", { name: "Edit the text…" });
  fireEvent.click(screen.getByRole("checkbox", { name: /Be brief/ }));
  fireEvent.click(screen.getByRole("button", { name: "Edit the text…" }));
  expect(screen.queryByLabelText("The text")).toBeNull();
  fireEvent.click(screen.getByRole("checkbox", { name: /Be brief/ }));
  fireEvent.click(screen.getByRole("button", { name: "Edit the text…" }));
  expect(screen.queryByRole("button", { name: "Accept and go live" })).toBeNull();
  fireEvent.change(screen.getByLabelText("The text"), { target: { value: "Be very kind. {{ticket}}" } });
  fireEvent.click(screen.getByRole("button", { name: "Leave it as it was suggested" }));
  fireEvent.click(screen.getByRole("button", { name: "Edit the text…" }));
  expect(screen.getByLabelText<HTMLTextAreaElement>("The text").value).toBe("Be very kind. {{ticket}}");
});
