import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import { ErrorState } from "./States";

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
