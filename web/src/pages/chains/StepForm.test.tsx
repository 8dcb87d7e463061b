import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { StepForm } from "./StepForm";
import type { Step } from "./chain";

const choices = ["first", "second"].map((value) => ({ value, label: value }));
vi.mock("@/api/choices", () => ({ usePromptChoices: () => ({ choices, onSearch: () => undefined }) }));
beforeAll(preloadFloats);

function Page() {
  const [step, setStep] = useState<Step>({ id: "step_1", prompt: null, variables: {} });
  return (
    <>
      <output>{JSON.stringify(step)}</output>
      <StepForm step={step} steps={[step]} parameters={[]} readOnly={false} onChange={(next) => setStep((was) => (typeof next === "function" ? next(was) : next))} onAdd={() => {}} onRemove={() => {}} onMove={() => {}} />
    </>
  );
}

const choose = async (prompt: string) => {
  fireEvent.click(screen.getByRole("button", { name: /^Prompt/ }));
  fireEvent.click(await screen.findByText(prompt));
};

it("keeps the prompt that was chosen last, and what was typed while its variables were being read", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <Page />
    </Queries>,
  );
  await choose("first");
  await choose("second");
  fireEvent.change(screen.getByLabelText("Only if"), { target: { value: "true" } });
  await (await asking(asked, "GET", "/v1/prompts/second")).answer({ slug: "second", variables: [{ name: "ticket" }] });
  await (await asking(asked, "GET", "/v1/prompts/first")).answer({ slug: "first", variables: [{ name: "other" }] });
  expect(JSON.parse(screen.getByRole("status").textContent ?? "")).toMatchObject({ prompt: "second", if: "true", variables: { ticket: "variables.ticket" } });
});

it("asks for a variable as for any other, whatever it is called", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <Page />
    </Queries>,
  );
  await choose("first");
  await (await asking(asked, "GET", "/v1/prompts/first")).answer({ slug: "first", variables: [{ name: "constructor" }, { name: "ticket" }] });
  expect(JSON.parse(screen.getByRole("status").textContent ?? "").variables).toEqual({ constructor: "variables.constructor", ticket: "variables.ticket" });
});
