import { fireEvent, render } from "@testing-library/react";
import { expect, it } from "vitest";
import { Diff } from "./Diff";
import { diffRows } from "./diff-lines";
import { AT_ONCE, partsOf, stretches } from "./diff-parts";

/** A thousand lines are much for a page without a browser. */
const SLOW_MS = 30_000;

const lines = (n: number, word: string) => Array.from({ length: n }, (_, at) => `${word} ${at}`).join("\n");
const diff = (before: string, after: string) => <Diff label="Text" before={before} after={after} beforeName="v1" afterName="v2" />;
const shown = () => document.querySelectorAll("[data-line]").length;
// By their tag: asking for a role looks at every one of a thousand lines.
const buttons = () => [...document.querySelectorAll("button")];
const press = (name: string) => {
  const button = buttons().find((one) => one.textContent === name);
  if (!button) throw new Error(`There is ${buttons().map((one) => one.textContent).join(", ")}, and no ${name}`);
  button.focus();
  fireEvent.click(button);
};
const said = () => document.querySelector("figure p")?.textContent;
const here = () => document.activeElement?.getAttribute("data-line");

it("shows the first of many lines with how many follow, and reading goes on at the first that comes", () => {
  render(diff(lines(405, "old"), lines(405, "new")));
  expect([shown(), said()]).toEqual([400, "410 more lines follow, 410 of them changed."]);
  press("Show 400 more lines");
  expect([shown(), here(), said()]).toEqual([800, "400", "10 more lines follow, 10 of them changed."]);
  press("Show 10 more lines");
  expect([shown(), here(), said(), buttons()]).toEqual([810, "800", undefined, []]);
}, SLOW_MS);

it("opens a long fold by parts, and what stands below it stays", () => {
  const same = lines(1_000, "same");
  render(diff(`${same}\nold`, `${same}\nnew`));
  expect(shown()).toBe(5);
  press("Show 400 of 997 unchanged lines");
  expect([shown(), here()]).toEqual([405, "0"]);
  expect(document.body.textContent).toContain("in: new");
  press("Show 400 of 597 unchanged lines");
  press("Show 197 unchanged lines");
  expect([shown(), here(), buttons()]).toEqual([1_002, "800", []]);
}, SLOW_MS);

it("begins anew with another comparison", () => {
  const of = (mark: string) => diff(`${lines(20, mark)}\nold`, `${lines(20, mark)}\nnew`);
  const { rerender } = render(of("same"));
  press("Show 17 unchanged lines");
  expect(shown()).toBe(22);
  rerender(of("other"));
  expect(shown()).toBe(5);
});

it("gives a number as much room as the longest one takes", () => {
  render(diff(lines(12_345, "same"), `${lines(12_345, "same")}\nnew`));
  expect(document.querySelector<HTMLElement>("[style]")?.style.getPropertyValue("--digits")).toBe("calc(5ch + 0.5rem)");
});

it("folds what is far from every change, and nothing that would take as much room", () => {
  const of = (before: string, after: string) => {
    const rows = diffRows(before, after);
    return partsOf(rows, stretches(rows), new Map(), AT_ONCE).parts.map((part) => ("row" in part ? part.row.kind : part.hidden));
  };
  expect(of(lines(9, "same"), `first\n${lines(9, "same")}`)).toEqual(["in", "same", "same", "same", 6]);
  expect(of(`${lines(5, "same")}\nold`, `${lines(5, "same")}\nnew`)).toEqual(["same", "same", "same", "same", "same", "out", "in"]);
  expect(of(`a\n${lines(10, "same")}\nb`, `${lines(10, "same")}`)).toEqual(["out", "same", "same", "same", 4, "same", "same", "same", "out"]);
});
