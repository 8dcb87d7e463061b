import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import Toasts from "@/kit/Toasts";
import { DeleteTexts } from "./DeleteTexts";

const may = { admin: true };
vi.mock("@/api/session", () => ({ useMay: () => may, needs: (role: string) => `For ${role}s.` }));
beforeAll(preloadFloats);

const button = () => screen.getByRole("button", { name: "Delete its texts…" });

it("deletes after it was asked, and says so", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <DeleteTexts execution="e1" deletedAt={null} ended />
      <Toasts />
    </Queries>,
  );
  fireEvent.click(button());
  expect(await screen.findByText(/It does not come back/)).toBeTruthy();
  expect(asked.filter((one) => one.method === "DELETE")).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: "Delete them" }));
  await (await asking(asked, "DELETE", "/v1/executions/e1/content")).answer({ id: "e1", texts_deleted_at: "2026-11-30T04:00:00.000000Z" });
  expect(await screen.findByText("The texts of this run are deleted")).toBeTruthy();
});

it.each([
  { deletedAt: "2026-11-30T04:00:00.000000Z", ended: true },
  { deletedAt: null, ended: false },
])("asks nobody where there is nothing to delete ($deletedAt, $ended)", (is) => {
  slowApi();
  render(
    <Queries>
      <DeleteTexts execution="e1" {...is} />
    </Queries>,
  );
  fireEvent.click(button());
  expect(screen.queryByText(/It does not come back/)).toBeNull();
});
