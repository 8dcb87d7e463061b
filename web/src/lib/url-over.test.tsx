import { RouterProvider, createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it } from "vitest";
import { FormDialog } from "@/kit/Dialog";
import { preloadFloats } from "@/kit/floats";
import { flag, over, parseSearch, stringifySearch, text, useUrlState } from "./url-state";

beforeAll(preloadFloats);
afterEach(cleanup);

const shape = { q: text(), new: over(flag()) };

function List() {
  const [{ new: isNew }, set] = useUrlState(shape);
  return (
    <>
      <button type="button" onClick={() => set({ new: true })}>
        New thing
      </button>
      <FormDialog open={isNew} onOpenChange={(open) => set({ new: open })} title="A thing" submit="Make" onSubmit={() => undefined}>
        <input aria-label="Name" />
      </FormDialog>
    </>
  );
}

/** The list, opened from another page; its form opened from there. */
async function opened() {
  const history = createMemoryHistory({ initialEntries: ["/?before=1", "/?q=x"], initialIndex: 1 });
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/", component: List });
  const router = createRouter({ routeTree: root.addChildren([page]), history, parseSearch, stringifySearch });
  render(<RouterProvider router={router as never} />);
  fireEvent.click(await screen.findByText("New thing"));
  await screen.findByRole("dialog", { name: "A thing" });
  const at = (search: string) => waitFor(() => expect(history.location.search).toBe(search));
  await at("?q=x&new=1");
  return { history, at, back: () => act(async () => history.back()) };
}

const gone = () => waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());

it("closes a form by going back, stays on its list, and opens it again by going forward", async () => {
  const { history, at, back } = await opened();
  await back();
  await at("?q=x");
  await gone();
  await act(async () => history.forward());
  await screen.findByRole("dialog", { name: "A thing" });
});

it("leaves nothing to go back through where the form was closed by its button, also told twice", async () => {
  const { at, back } = await opened();
  const cancel = screen.getByRole("button", { name: "Cancel" });
  fireEvent.click(cancel);
  fireEvent.click(cancel);
  await at("?q=x");
  await gone();
  await back();
  await at("?before=1");
});
