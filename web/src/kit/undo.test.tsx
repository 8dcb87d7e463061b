import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { dismissAll, toast } from "./Toast";
import Toasts from "./Toasts";
import { useUndo } from "./undo";

afterEach(() => {
  act(dismissAll);
  cleanup();
});

function Remove({ back }: { back: () => Promise<unknown> }) {
  const undo = useUndo(["/v1/prompts"]);
  return <button onClick={() => toast("It is removed", undo(back, "It is back"))}>Remove</button>;
}

async function undone(back: () => Promise<unknown>) {
  const queries = new QueryClient();
  queries.setQueryData(["w", "/v1/prompts/{slug}", {}], 1);
  const tree = (isThere: boolean) => (
    <QueryClientProvider client={queries}>
      {isThere ? <Remove back={back} /> : null}
      <Toasts />
    </QueryClientProvider>
  );
  const shown = render(tree(true));
  fireEvent.click(screen.getByText("Remove"));
  shown.rerender(tree(false)); // The dialog that offered it is gone.
  await act(async () => fireEvent.click(screen.getByText("Undo")));
  return queries.getQueryState(["w", "/v1/prompts/{slug}", {}])?.isInvalidated;
}

it("says that it is undone, and has it read again, after the dialog is gone", async () => {
  expect(await undone(async () => null)).toBe(true);
  screen.getByText("It is back");
});

it("says that an undo failed, after the dialog is gone", async () => {
  expect(await undone(async () => Promise.reject(new Error("Somebody else moved it.")))).toBe(true);
  screen.getByText(/Somebody else moved it/);
  expect(screen.queryByText("It is back")).toBeNull();
});
