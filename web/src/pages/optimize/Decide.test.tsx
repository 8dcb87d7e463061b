import { QueryClient } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { useState } from "react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { isUnsaved } from "@/api/unsaved";
import Toasts from "@/kit/Toasts";
import { preloadFloats } from "@/kit/floats";
import { Acts } from "./Acts";
import { Decide } from "./Decide";
import { NOTHING } from "./written";

vi.mock("@tanstack/react-router", async () => import("../../kit/link.fake"));
vi.mock("@/api/session", () => ({ useMay: () => ({ edit: true, editPrompts: true }), useSession: () => ({ user: { id: "1" }, workspace: { id: "w" } }), needs: () => "" }));

beforeAll(preloadFloats);

const suggestion = { id: "s", prompt: "p", base_version: 1, content: {}, evidence: { test: { delta: 0.1, ci_low: 0, ci_high: 0.2 }, edits: [], by_metric: [] } };

it("closes and reads anew where somebody else accepted it without the label, and leaves nothing to insist on", async () => {
  const asked = slowApi({ "GET /v1/prompts/p": { slug: "p", labels: { production: 1 } } });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const readAgain = vi.spyOn(queries, "invalidateQueries");
  const onClose = vi.fn();
  render(
    <Queries of={queries}>
      <Decide suggestion={suggestion as never} deciding="accept" writing={{ written: NOTHING, write: () => undefined }} onDone={onClose} onClose={() => undefined} />
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

const messages = [{ role: "user", content: "Be kind. {{ticket}}" }];
const BASE = { slug: "p", labels: { production: 1 }, messages: [{ role: "user", content: "{{ticket}}" }] };
const edits = ["Be kind.", "Be brief."].map((text) => ({ operation: "insert", text, anchor: null, rationale: "" }));
const found = { ...suggestion, content: { messages }, evidence: { ...suggestion.evidence, edits, method: "racing" } };

it("edits the text only where all edits are taken, moves no label by itself meanwhile, and keeps what was written", async () => {
  slowApi({ "GET /v1/prompts/p": BASE });
  const Held = () => {
    const [written, setWritten] = useState(NOTHING);
    return <Decide suggestion={found as never} deciding="accept" writing={{ written, write: (changed) => setWritten((before) => ({ ...before, ...changed })) }} onDone={() => undefined} onClose={() => undefined} />;
  };
  render(
    <Queries of={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Held />
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

it("keeps an edited text and a reason when their dialogs are closed, and asks before they are lost elsewhere (O6)", async () => {
  const asked = slowApi({ "GET /v1/prompts/p": BASE });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const { unmount } = render(
    <Queries of={queries}>
      <Acts suggestion={found as never} />
    </Queries>,
  );
  fireEvent.click(await screen.findByRole("button", { name: "Accept" }));
  fireEvent.click(await screen.findByRole("button", { name: "Edit the text…" }));
  fireEvent.change(screen.getByLabelText("The text"), { target: { value: "Be very kind. {{ticket}}" } });
  fireEvent.keyDown(screen.getByLabelText("The text"), { key: "Escape" });
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(isUnsaved("the suggestion for p")).toBe(true);
  fireEvent.click(screen.getByRole("button", { name: "Reject" }));
  fireEvent.change(await screen.findByLabelText(/Reason/), { target: { value: "It is unkind" } });
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  fireEvent.click(screen.getByRole("button", { name: "Accept" }));
  expect((await screen.findByLabelText<HTMLTextAreaElement>("The text")).value).toBe("Be very kind. {{ticket}}");
  fireEvent.change(screen.getByLabelText("The text"), { target: { value: "Be kind. {{ticket}}" } });
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(isUnsaved("the suggestion for p")).toBe(true);
  fireEvent.click(screen.getByRole("button", { name: "Reject" }));
  expect((await screen.findByLabelText<HTMLTextAreaElement>(/Reason/)).value).toBe("It is unkind");
  fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Reject" }));
  await (await asking(asked, "POST", "/v1/suggestions/s/reject")).answer({});
  await vi.waitFor(() => expect(isUnsaved("the suggestion for p")).toBe(false));
  unmount();
});

it("keeps which edits are left when its dialog is closed, until it is decided (O6)", async () => {
  const asked = slowApi({ "GET /v1/prompts/p": BASE });
  const { unmount } = render(
    <Queries of={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Acts suggestion={found as never} />
      <Toasts />
    </Queries>,
  );
  const ticked = async () => (await screen.findAllByRole<HTMLInputElement>("checkbox", { name: /^.?Be / })).map((one) => one.checked);
  const close = async () => {
    fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
    await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  };
  fireEvent.click(await screen.findByRole("button", { name: "Accept" }));
  expect(await ticked()).toEqual([true, true]);
  fireEvent.click(screen.getByRole("checkbox", { name: /Be kind/ }));
  await close();
  expect(await screen.findAllByText("What you changed is kept while you stay on this page")).not.toEqual([]);
  expect(isUnsaved("the suggestion for p")).toBe(true);
  fireEvent.click(screen.getByRole("button", { name: "Accept" }));
  expect(await ticked()).toEqual([false, true]);
  fireEvent.click(screen.getByRole("checkbox", { name: /Be kind/ }));
  await close();
  expect(isUnsaved("the suggestion for p"), "all are taken again").toBe(false);
  fireEvent.click(screen.getByRole("button", { name: "Accept" }));
  fireEvent.click(await screen.findByRole("checkbox", { name: /Be brief/ }));
  fireEvent.click(screen.getByRole("button", { name: "Accept 1 edit" }));
  const sent = await asking(asked, "POST", "/v1/suggestions/s/accept");
  expect(sent.body).toEqual({ label: null, force: false, edits: [0] });
  await sent.answer({ version: 2, label: null });
  await vi.waitFor(() => expect(isUnsaved("the suggestion for p")).toBe(false));
  unmount();
});
