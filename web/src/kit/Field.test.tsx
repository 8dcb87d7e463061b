import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { ApiError } from "@/api/errors";
import "@/lib/format";
import { FormDialog } from "./Dialog";
import { ofSearch } from "@/pages/optimize/asked";
import { Field, FieldFault, Input, SearchInput, errorFor, useTyped } from "./Field";
import { preloadFloats } from "./floats";

beforeAll(preloadFloats);
afterEach(cleanup);

const ERROR = new ApiError(409, { message: "This workspace has a budget for each month already.", param: "target_id", code: "conflict" });

function form({ target, fault }: { target: boolean; fault?: string }) {
  return (
    <FormDialog open onOpenChange={() => undefined} title="New budget" submit="Make" onSubmit={() => undefined} error={ERROR}>
      {target ? (
        <Field label="Prompt" error={fault ?? errorFor(ERROR, "target_id")}>
          <Input />
        </Field>
      ) : null}
    </FormDialog>
  );
}

const told = () => screen.queryAllByRole("alert").map((one) => one.textContent);

it("tells an error once: beside its field where that is drawn, else at the end of the form", () => {
  const shown = render(form({ target: false }));
  expect(told()).toEqual([ERROR.message]);
  shown.rerender(form({ target: true }));
  expect(told()).toEqual([ERROR.message]);
  expect(screen.getByLabelText("Prompt").getAttribute("aria-invalid")).toBe("true");
  shown.rerender(form({ target: false }));
  expect(told()).toEqual([ERROR.message]);
});

it("tells it also where its field says something of its own", () => {
  render(form({ target: true, fault: "An amount, such as 25." }));
  expect(told()).toEqual(["An amount, such as 25.", ERROR.message]);
});

it("tells it once beside what is no field", () => {
  render(
    <FormDialog open onOpenChange={() => undefined} title="New" submit="Make" onSubmit={() => undefined} error={ERROR}>
      <FieldFault text={<>{errorFor(ERROR, "target_id")}<code>^</code></>} />
    </FormDialog>,
  );
  expect(told()).toEqual([`${ERROR.message}^`]);
});

it("keeps what is typed while the address still has what was typed before, and what cannot be read yet", () => {
  vi.useFakeTimers();
  const heard: string[] = [];
  const hear = (value: string) => void heard.push(value);
  const read = (typed: string) => (/^\d+(\.\d+)?$/.test(typed) ? typed : "");
  function Amount({ value }: { value: string }) {
    const [typed, setTyped] = useTyped(value, hear, read);
    return <input aria-label="Amount" value={typed} onChange={(event) => setTyped(event.target.value)} />;
  }
  const { rerender } = render(<Amount value="" />);
  const field = screen.getByLabelText<HTMLInputElement>("Amount");
  fireEvent.change(field, { target: { value: "1" } });
  act(() => void vi.advanceTimersByTime(200));
  fireEvent.change(field, { target: { value: "12" } }); // the address has nothing of the first yet
  rerender(<Amount value="" />);
  rerender(<Amount value="1" />);
  expect(field.value).toBe("12");
  act(() => void vi.advanceTimersByTime(200));
  fireEvent.change(field, { target: { value: "12." } });
  act(() => void vi.advanceTimersByTime(200));
  rerender(<Amount value="" />);
  expect([field.value, heard]).toEqual(["12.", ["1", "12", ""]]);
  rerender(<Amount value="7" />); // a link
  expect(field.value).toBe("7");
  vi.useRealTimers();
});

it("says amounts and shares of an error as the page does, once, at its field or in the form", () => {
  const error = new ApiError(402, { message: "The cap may cost 12.5000 credits, 70% of it.", param: "budget" });
  const words = "The cap may cost $0.13, 70\u00a0% of it.";
  expect(errorFor(error, "budget")).toBe(words);
  const shown = (field: boolean) => (
    <FormDialog open onOpenChange={() => undefined} title="New" submit="Make" onSubmit={() => undefined} error={error}>
      {field ? <Field label="Budget" error={errorFor(error, "budget")}><Input /></Field> : null}
    </FormDialog>
  );
  const { rerender } = render(shown(false));
  expect(screen.getAllByText(/\$0\.13, 70/).length).toBe(1);
  rerender(shown(true));
  expect(screen.getAllByText(/\$0\.13, 70/).length).toBe(1);
});

it("leaves the API's name of a field out where the field itself says it, and tells it once all the same", () => {
  const error = new ApiError(422, { message: "arms[1].name: may not be empty", param: "arms[1].name" });
  expect([errorFor(error, "arms[1].name"), errorFor(error, "arms")]).toEqual(["May not be empty", "arms[1].name: may not be empty"]);
  expect(errorFor(new ApiError(422, { message: "patterns: customer: not a regular expression", param: "patterns" }), "patterns")).toBe("customer: not a regular expression");
  const shown = (field: boolean) => (
    <FormDialog open onOpenChange={() => undefined} title="New" submit="Make" onSubmit={() => undefined} error={error}>
      {field ? <Field label="Arm" error={errorFor(error, "arms[1].name")}><Input /></Field> : null}
    </FormDialog>
  );
  const { rerender } = render(shown(false));
  expect(screen.getByText("arms[1].name: may not be empty")).toBeTruthy();
  rerender(shown(true));
  expect(screen.getAllByText(/may not be empty/i).map((one) => one.textContent)).toEqual(["May not be empty"]);
});

it("is not silenced by another field that says more or the same, nor twice by a search that has names of its own", () => {
  const error = new ApiError(422, { message: "search.budget.seed: must be at least 1", param: "search.budget.seed" });
  const shown = (fault: string | undefined) => (
    <FormDialog open onOpenChange={() => undefined} title="New" submit="Make" onSubmit={() => undefined} error={error}>
      <Field label="Other" error={fault}><Input /></Field>
    </FormDialog>
  );
  const { rerender } = render(shown("Must be at least 10"));
  expect(told()).toEqual(["Must be at least 10", error.message]);
  for (const words of ["Here too: must be at least 1", "Must be at least 1"]) {
    rerender(shown(words)); // Of its own: it knows nothing of this error.
    expect(told()).toEqual([words, error.message]);
  }
  const own = ofSearch(error, "search.");
  for (const words of [error.message, errorFor(error, "search.budget"), errorFor(own, "budget"), errorFor(own, "budget.seed"), errorFor(error, "search.budget.seed")]) {
    rerender(shown(words));
    expect(told()).toEqual([words]);
  }
});

it("takes no more of a search than the API does, and no U+0000", async () => {
  const said: string[] = [];
  const hear = (value: string) => said.push(value);
  render(<SearchInput label="Find" value="" onChange={hear} />);
  const box = screen.getByRole("searchbox", { name: "Find" });
  expect(box.getAttribute("maxlength")).toBe("200");
  fireEvent.change(box, { target: { value: "a\0b" } });
  await waitFor(() => expect(said).toEqual(["ab"]));
});
