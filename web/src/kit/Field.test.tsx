import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, it } from "vitest";
import { ApiError } from "@/api/errors";
import { FormDialog } from "./Dialog";
import { Field, FieldFault, Input, errorFor } from "./Field";
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
