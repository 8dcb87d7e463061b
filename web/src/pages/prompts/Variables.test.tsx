import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { parseMessages } from "@/lib/template";
import { withAttached } from "@/lib/values";
import { Variables } from "./Variables";
import { valuesOf } from "./samples";

afterEach(cleanup);

it("shows variables whatever they are called", () => {
  const template = parseMessages([{ role: "user", content: "{{constructor}} {{toString: image_url}}" }, { role: "placeholder", name: "hasOwnProperty" }]);
  const nothing = () => undefined;
  const found = withAttached(valuesOf(template, {}), template, {});
  render(<Variables template={template} known={[]} parameters={{}} onParameters={nothing} samples={{}} onSample={nothing} files={{}} onFiles={nothing} found={found} readOnly={false} />);
  for (const name of ["constructor", "toString", "hasOwnProperty"]) expect((screen.getByLabelText(`Sample value of ${name}`) as HTMLTextAreaElement).value).toBe("");
  expect(screen.queryByRole("alert")).toBeNull();
});
