import { useQueryClient } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { invalidate, useRead } from "./hooks";
import { Queries } from "./slow.fake";

const answers: ((rows: string[]) => void)[] = [];
let isRead = false;

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  answers.length = 0;
  isRead = false;
});

function Files() {
  const queries = useQueryClient();
  const found = useRead("/v1/files");
  return (
    <>
      <button onClick={() => void invalidate(queries, ["/v1/files"]).then(() => (isRead = true))}>Uploaded</button>
      <ul>{((found.data as { data?: { id: string }[] } | undefined)?.data ?? []).map(({ id }) => <li key={id}>{id}</li>)}</ul>
    </>
  );
}

it("reads once more what was being read for the first time while it changed", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise((answer) => answers.push((rows) => answer(Response.json({ data: rows.map((id) => ({ id })) })))));
  render(<Queries><Files /></Queries>);
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  fireEvent.click(screen.getByText("Uploaded"));
  await act(async () => answers[0]?.([]));
  await vi.waitFor(() => expect(answers).toHaveLength(2));
  expect(isRead).toBe(false);
  await act(async () => answers[1]?.(["new"]));
  await screen.findByText("new");
  await vi.waitFor(() => expect(isRead).toBe(true));
});
