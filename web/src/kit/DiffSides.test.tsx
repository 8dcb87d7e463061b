import { fireEvent, render, screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { DiffSides } from "./DiffSides";

const side = (name: string, text: string | null) => ({ name, text, instead: "No answer came." });
const marked = (name: string, of: string) => [...screen.getByRole("figure", { name }).querySelectorAll(of)].map((one) => one.textContent);

describe("two texts side by side (D3)", () => {
  test("both are whole, and only the words that differ are marked", () => {
    render(<DiffSides before={side("there", "the card was lost\nbye")} after={side("here", "the card was stolen\nbye")} />);
    expect(screen.getByRole("figure", { name: "there" }).textContent).toContain("the card was lostbye");
    expect(marked("there", "del")).toEqual(["lost"]);
    expect(marked("here", "ins")).toEqual(["stolen"]);
    expect(marked("here", "del")).toEqual([]);
  });

  test("texts that share hardly a word are marked as a whole, the same ones not at all", () => {
    const { rerender } = render(<DiffSides before={side("there", "billing")} after={side("here", "returns")} />);
    expect(marked("there", "del")).toEqual(["billing"]);
    expect(marked("here", "ins")).toEqual(["returns"]);
    rerender(<DiffSides before={side("there", "billing")} after={side("here", "billing")} />);
    expect(marked("there", "del")).toEqual([]);
    expect(marked("here", "ins")).toEqual([]);
  });

  test("what has no text says why, and marks nothing of the other", () => {
    render(<DiffSides before={side("there", null)} after={side("here", "billing")} />);
    expect(within(screen.getByRole("figure", { name: "there" })).getByText("No answer came.")).toBeTruthy();
    expect(marked("here", "ins")).toEqual([]);
  });

  test("of many lines the rest is asked for", () => {
    const text = Array.from({ length: 450 }, (_, at) => `line ${at}`).join("\n");
    render(<DiffSides before={side("there", text)} after={side("here", "none")} />);
    expect(screen.queryByText("line 449")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Show 50 more lines" }));
    expect(screen.getByText("line 449")).toBeTruthy();
  });
});
