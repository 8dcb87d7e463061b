import { render, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { WhereCodeRuns } from "./WhereCodeRuns";

const HERE = { language: "python", runs_at: "here", leaves_installation: false };
const FAR = { language: "python", runs_at: "daytona", leaves_installation: true };

async function shown(language: string, languages: object[]) {
  const asked = slowApi();
  const { container } = render(
    <Queries>
      <WhereCodeRuns language={language} />
    </Queries>,
  );
  expect(container.textContent).toBe("");
  await (await asking(asked, "GET", "/v1/evaluators/where-code-runs")).answer({ languages });
  return container;
}

it("says that code leaves the installation where it does", async () => {
  await shown("python", [FAR]);
  await screen.findByText(/runs at Daytona, outside of this installation/);
  expect(screen.getByText(/answers, inputs, variables and metadata/)).toBeTruthy();
});

it("says nothing where code runs here, and that a language is not offered", async () => {
  const here = await shown("python", [HERE]);
  await waitFor(() => expect(here.textContent).toBe(""));
  await shown("wasm", [HERE]);
  await screen.findByText(/runs no WebAssembly/);
});
