import { render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { ApiError } from "@/api/errors";
import { Drawer } from "./Dialog";
import { preloadFloats } from "./floats";
import { Page } from "./Page";
import { ErrorState } from "./States";

vi.mock("@tanstack/react-router", () => import("./link.fake"));
beforeAll(preloadFloats);

it("says of an address with an id that is none that there is no such thing, and offers no second try", () => {
  const error = new ApiError(422, { message: "job_id: must be a UUID, such as 01930000-0000-7000-8000-000000000000", param: "job_id" });
  const { rerender } = render(<ErrorState error={error} onRetry={() => undefined} />);
  expect(screen.getByRole("heading", { name: "Not found" })).toBeTruthy();
  expect(screen.queryByText(/UUID|job_id/)).toBeNull();
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
  rerender(<ErrorState error={new ApiError(422, { message: "limit: must be at most 200", param: "limit" })} onRetry={() => undefined} />);
  expect(screen.getByText("limit: must be at most 200")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
});

it.each([404, 422])("leads to the list from a page of something that is not there (%i), and offers no second try", (status) => {
  const error = new ApiError(status, { message: "run_id: must be a UUID, such as …", param: "run_id" });
  render(
    <Page title="Test run" back={{ to: "/test-runs", label: "Test runs" }}>
      <ErrorState error={error} onRetry={() => undefined} />
    </Page>,
  );
  expect(screen.getByRole("link", { name: "Go to Test runs" }).getAttribute("href")).toBe("/test-runs");
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
});

it("leads nowhere from a drawer over a page: what is missing belongs to the list behind it", () => {
  render(
    <Page title="A chain" back={{ to: "/chains", label: "Chains" }}>
      <Drawer open onOpenChange={() => undefined} title="A run of it">
        <ErrorState error={new ApiError(404, { message: "There is no such run." })} onRetry={() => undefined} />
      </Drawer>
    </Page>,
  );
  screen.getByText("There is no such run.");
  expect(screen.queryByRole("link", { name: "Go to Chains" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
});
