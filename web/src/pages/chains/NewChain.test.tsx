import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { NewChain } from "./NewChain";

vi.mock("@tanstack/react-router", () => ({ Link: "a", useNavigate: () => () => undefined }));
vi.mock("@/api/choices", () => ({ usePromptChoices: () => ({ choices: [{ value: "triage", label: "triage" }], onSearch: () => undefined }) }));
beforeAll(preloadFloats);

it("makes one chain where Create is pressed twice while the prompt's variables are being read, and is not closed by then", async () => {
  const asked = slowApi();
  const closed = vi.fn();
  render(
    <Queries>
      <NewChain onClose={closed} />
    </Queries>,
  );
  fireEvent.change(screen.getByPlaceholderText("support-reply"), { target: { value: "mine" } });
  fireEvent.click(screen.getByRole("button", { name: /^First prompt/ }));
  fireEvent.click(await screen.findByText("triage"));
  fireEvent.click(screen.getByRole("button", { name: "Create" }));
  const prompt = await asking(asked, "GET", "/v1/prompts/triage");
  fireEvent.click(screen.getByRole("button", { name: "Create" }));
  fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(closed).not.toHaveBeenCalled();
  await prompt.answer({ slug: "triage", variables: [] });
  await asking(asked, "POST", "/v1/chains");
  expect(asked.map((one) => one.method)).toEqual(["GET", "POST"]);
});
