import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { ChangesOf } from "./ChangesOf";

const may = vi.hoisted(() => ({ admin: true }));
vi.mock("@tanstack/react-router", async () => await import("../../kit/link.fake"));
vi.mock("@/api/session", () => ({ useMay: () => may, needs: (role: string) => `For ${role}s.` }));

it("leads an admin to the entries of the audit log about it, and tells others who may", () => {
  const { rerender } = render(<ChangesOf kind="alert_rule" object="triage" />);
  expect(screen.getByRole("link", { name: "Its changes" }).getAttribute("href")).toContain("/team");
  may.admin = false;
  rerender(<ChangesOf kind="alert_rule" object="triage" />);
  expect(screen.queryByRole("link")).toBeNull();
  expect(screen.getByRole("button", { name: /^Its changes/ }).getAttribute("aria-disabled") ?? screen.getByRole("button", { name: /^Its changes/ }).getAttribute("disabled")).not.toBeNull();
});
