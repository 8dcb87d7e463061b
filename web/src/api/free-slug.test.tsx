import { renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { namesLike, useFreeSlug } from "./free-slug";
import { Queries, asking, slowApi } from "./slow.fake";

const page = (...slugs: string[]) => ({ data: slugs.map((slug) => ({ id: slug, slug, name: slug })), next_cursor: null });

it("proposes the first name that no prompt has, be it put away", async () => {
  const asked = slowApi();
  const { result } = renderHook(() => useFreeSlug("triage"), { wrapper: Queries });
  expect(result.current).toBe("triage");
  await (await asking(asked, "GET", "/v1/prompts")).answer(page("triage", "triage-3"));
  await (await asking(asked, "GET", "/v1/prompts", 2)).answer(page("triage-2"));
  await vi.waitFor(() => expect(result.current).toBe("triage-4"));
});

it("keeps names as short as they have to be", () => {
  const names = namesLike("a".repeat(62) + "-b");
  expect(new Set(names).size).toBe(20);
  expect(names.every((one) => one.length <= 63 && /[a-z0-9]$/.test(one))).toBe(true);
});

it("proposes no name that is too long, also where all are taken", async () => {
  const wanted = `${"a".repeat(63)}-copy`;
  const names = namesLike(wanted);
  slowApi({ "GET /v1/prompts": page(...names) });
  const { result } = renderHook(() => useFreeSlug(wanted), { wrapper: Queries });
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(2));
  await new Promise((drawn) => setTimeout(drawn, 50));
  expect(result.current).toBe(names[0]);
});
