import { QueryClient } from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { usePromptChoices } from "./choices";
import { Queries, asking, slowApi } from "./slow.fake";

const page = (...slugs: string[]) => ({ data: slugs.map((slug) => ({ id: slug, slug, name: slug })), next_cursor: null });

it("offers nothing that does not fit what is typed, while that is still looked for: Enter takes the first", async () => {
  const asked = slowApi();
  const client = new QueryClient();
  const { result } = renderHook(usePromptChoices, { wrapper: ({ children }) => <Queries of={client}>{children}</Queries> });
  await (await asking(asked, "GET", "/v1/prompts")).answer(page("alpha", "beta", "betamax"));
  const offered = () => result.current.choices.map((one) => one.value);
  expect(offered()).toEqual(["alpha", "beta", "betamax"]);
  act(() => result.current.onSearch("beta"));
  expect(offered()).toEqual(["beta", "betamax"]);
  await (await asking(asked, "GET", "/v1/prompts", 2)).answer(page("my-beta", "beta"));
  await vi.waitFor(() => expect(offered()).toEqual(["my-beta", "beta"]));
});

it("says that there is none only once it knows, and what kept it from knowing", async () => {
  const asked = slowApi();
  const { result } = renderHook(usePromptChoices, { wrapper: Queries });
  expect(result.current.empty).toBe("Looking…");
  await (await asking(asked, "GET", "/v1/prompts")).answer(page());
  await vi.waitFor(() => expect(result.current.empty).toBe("Nothing found"));
  act(() => result.current.onSearch("x"));
  expect(result.current.empty).toBe("Looking…");
  await (await asking(asked, "GET", "/v1/prompts", 2)).answer({ error: { code: "unavailable", message: "Something is away." } }, 503);
  await vi.waitFor(() => expect(result.current.empty).toBe("Prompts could not be looked for: Something is away."));
});

it("says of a prompt that an address names that it is not there, and asks for none that is listed", async () => {
  const asked = slowApi();
  const { result, rerender } = renderHook(({ chosen }) => usePromptChoices(chosen), { wrapper: Queries, initialProps: { chosen: "beta" } });
  await (await asking(asked, "GET", "/v1/prompts")).answer(page("alpha", "beta"));
  await vi.waitFor(() => expect(result.current.choices).toHaveLength(2));
  expect(asked).toHaveLength(1);
  rerender({ chosen: "nope" });
  await (await asking(asked, "GET", "/v1/prompts/nope")).answer({ error: { code: "not_found", message: "There is none." } }, 404);
  await vi.waitFor(() => expect(result.current.fault).toBe("There is no prompt 'nope' in this workspace."));
  rerender({ chosen: "far" });
  await (await asking(asked, "GET", "/v1/prompts/far")).answer({ slug: "far" });
  expect(result.current.fault).toBeUndefined();
});
