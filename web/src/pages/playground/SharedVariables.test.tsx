import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { parseMessages } from "@/lib/template";
import { SharedVariables } from "./SharedVariables";
import { sharedVariables } from "./variables";

afterEach(cleanup);

it("shows variables whatever they are called", () => {
  const shared = sharedVariables([parseMessages([{ role: "user", content: "{{constructor}} {{toString: image_url}}" }, { role: "placeholder", name: "hasOwnProperty" }])]);
  const onChange = vi.fn();
  render(<SharedVariables shared={shared} values={{}} files={{}} onChange={onChange} onFiles={() => undefined} names={null} onRun={() => undefined} />);
  for (const name of ["constructor", "toString", "hasOwnProperty"]) expect((screen.getByLabelText(`Value of ${name}`) as HTMLTextAreaElement).value).toBe("");
  expect(screen.queryByRole("alert")).toBeNull();
  fireEvent.change(screen.getByLabelText("Value of constructor"), { target: { value: "x" } });
  expect(onChange).toHaveBeenCalledWith("constructor", "x");
});
