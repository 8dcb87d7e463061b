import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Prose } from "./Prose";

afterEach(cleanup);

const kerning = (text: string) => {
  const { container } = render(<Prose text={text} />);
  return container.querySelector<HTMLElement>(".wrap-anywhere")?.style.fontKerning;
};

it("kerns what people write, and no word without an end, which a browser would set anew at each of its lines", () => {
  expect(kerning(`${"word ".repeat(5_000)}${"W".repeat(1_000)}`)).toBe("");
  expect(kerning(`before ${"W".repeat(1_001)} after`)).toBe("none");
});
