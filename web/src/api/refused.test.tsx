import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { dismissAll, said } from "@/kit/Toast";
import { useChange, useRead } from "./hooks";
import { Queries } from "./slow.fake";

const LIST = "/v1/guardrails";
let rows: { id: string }[] = [];
let code = "";
let reads = 0;

beforeEach(() => {
  rows = [{ id: "g" }];
  code = "conflict";
  reads = 0;
  act(dismissAll); // Files of tests that run together share the messages.
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given) => {
    if ((given as Request).method === "GET") {
      reads++;
      return Response.json({ data: rows });
    }
    rows = gone ? [] : rows;
    return Response.json({ error: { code, message: "Somebody was faster.", request_id: "r" } }, { status: 409 });
  });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

/** Whether the row, and the dialog in it, is gone with what is read after the refusal. */
let gone = false;

/** A row that has its dialog in it. */
function Row({ id, hears }: { id: string; hears: boolean }) {
  const [isOpen, setOpen] = useState(true);
  return isOpen ? <Remove id={id} hears={hears} onClose={() => setOpen(false)} /> : null;
}

function Remove({ id, hears, onClose }: { id: string; hears: boolean; onClose: () => void }) {
  const remove = useChange("delete", "/v1/guardrails/{guardrail_id}", { invalidates: [LIST] });
  return (
    <div role="dialog">
      <button onClick={() => remove.mutate({ path: { guardrail_id: id } }, hears ? { onError: () => undefined } : undefined)}>Delete</button>
      <button onClick={onClose}>Close</button>
      {remove.error?.message}
    </div>
  );
}

function List({ hears = false }: { hears?: boolean }) {
  const found = useRead(LIST);
  return <ul>{((found.data as { data?: { id: string }[] } | undefined)?.data ?? []).map(({ id }) => <li key={id}><Row id={id} hears={hears} /></li>)}</ul>;
}

async function remove(of: { isGone: boolean; hears?: boolean }) {
  gone = of.isGone;
  render(<Queries><List hears={of.hears} /></Queries>);
  fireEvent.click(await screen.findByText("Delete"));
}

const toasts = () => said.shown().map(({ text }) => text);

it("says a refusal in passing where what is read after it takes its dialog away", async () => {
  await remove({ isGone: true });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(toasts()).toEqual(["Somebody was faster."]);
});

it("leaves it to the dialog where that stays, until somebody closes it", async () => {
  await remove({ isGone: false });
  await screen.findByText(/Somebody was faster/);
  await waitFor(() => expect(reads).toBe(2));
  fireEvent.click(screen.getByText("Close"));
  expect(toasts()).toEqual([]);
});

it("leaves it to who hears of it", async () => {
  await remove({ isGone: true, hears: true });
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(toasts()).toEqual([]);
});

it("reads nothing again where only the key of a repetition was wrong", async () => {
  code = "idempotency_mismatch";
  await remove({ isGone: false });
  await screen.findByText(/Somebody was faster/);
  expect(reads).toBe(1);
});
