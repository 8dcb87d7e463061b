import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { SameName } from "./SameName";

it("says that a dataset is called so already", async () => {
  const asked = slowApi();
  const { rerender } = render(<SameName name="Tickets" />, { wrapper: Queries });
  await (await asking(asked, "GET", "/v1/datasets")).answer({ data: [{ id: "d", name: "Tickets", counts: {} }], next_cursor: null });
  expect(await screen.findByText(/There is a dataset called Tickets already/)).toBeTruthy();
  rerender(<SameName name="Ticket" />);
  expect(screen.getByRole("status").textContent).toBe("");
});
