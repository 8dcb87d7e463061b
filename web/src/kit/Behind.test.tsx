import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { moment } from "@/lib/format";
import { Behind } from "./Behind";

afterEach(cleanup);

const AT = "2026-11-20T14:03:09Z";

it("says until when figures are counted, once anybody would notice", () => {
  render(<Behind of={{ counted_through: AT, behind_s: 61 }} />);
  expect(screen.getByText(/Figures are behind/).parentElement?.textContent).toContain(moment(AT));
});

it.each([{ counted_through: AT, behind_s: 60 }, { counted_through: null, behind_s: null }, undefined])("says nothing of %o", (of) => {
  const { container } = render(<Behind of={of} />);
  expect(container.textContent).toBe("");
});
