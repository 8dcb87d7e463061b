import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { firstPress } from "./first-press";

it("does nothing at the second press of a double click, and acts at a press by mouse or keys", () => {
  const act = vi.fn();
  render(<button type="button" onClick={firstPress(act)}>Stop</button>); // prettier-ignore
  const stop = screen.getByRole("button");
  fireEvent.click(stop, { detail: 2 });
  expect(act).not.toHaveBeenCalled();
  fireEvent.click(stop, { detail: 1 });
  fireEvent.click(stop, { detail: 0 });
  expect(act).toHaveBeenCalledTimes(2);
});
