import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Chosen } from "./Proposals";

vi.mock("@tanstack/react-router", async () => import("../../kit/link.fake"));

it("says of an edit that came of comments what they were about, and of no other (O2)", () => {
  const edit = { operation: "add", section: "rules", rationale: "", state: "chosen" } as const;
  render(<Chosen edits={[{ ...edit, text: "- mind the refund", theme: ["refund", "late"] }, { ...edit, text: "- be brief" }]} />);
  expect(screen.getByText("- be brief")).toBeDefined();
  expect(screen.getAllByText(/^Came of comments/).map((one) => one.textContent)).toEqual(["Came of comments about: refund, late"]);
});
