import { RouterProvider, createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeAll, expect, it } from "vitest";
import { preloadFloats } from "@/kit/floats";
import { parseSearch, stringifySearch } from "@/lib/url-state";
import Roles from "./Roles";
import all from "./rights.json";
import { areasOf } from "./rights";

beforeAll(preloadFloats);

it("leaves nothing to go back through where the drawer of a row was closed", async () => {
  const history = createMemoryHistory({ initialEntries: ["/?before=1", "/?tab=roles"], initialIndex: 1 });
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/", component: Roles });
  render(<RouterProvider router={createRouter({ routeTree: root.addChildren([page]), history, parseSearch, stringifySearch }) as never} />);
  const at = (search: string) => waitFor(() => expect(history.location.search).toBe(search));
  const area = areasOf(all)[0]!;
  fireEvent.click(await screen.findByText(area.name));
  const drawer = await screen.findByRole("dialog", { name: area.name });
  await at(`?tab=roles&area=${area.id}`);
  fireEvent.keyDown(drawer, { key: "Escape" });
  await at("?tab=roles");
  await act(async () => history.back());
  await at("?before=1");
});
