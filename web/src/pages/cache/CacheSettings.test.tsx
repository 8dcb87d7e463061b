import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { CacheSettings } from "./CacheSettings";

vi.mock("@/api/session", () => ({ useSession: () => ({ workspace: { id: "w" } }) }));
beforeAll(preloadFloats);

it("looks once more before it saves, and keeps what somebody else set meanwhile", async () => {
  const known: Record<string, unknown> = { "GET /v1/cache": { mode: "asked", ttl_s: 3_600 } };
  const asked = slowApi(known);
  render(
    <Queries>
      <CacheSettings cache={known["GET /v1/cache"] as never} onClose={() => undefined} />
    </Queries>,
  );
  fireEvent.change(screen.getByLabelText(/^It is kept for/), { target: { value: "2" } });
  known["GET /v1/cache"] = { mode: "off", ttl_s: 3_600 };
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText("Changed by somebody meanwhile.");
  expect(asked).toEqual([]);
  expect(screen.getByLabelText<HTMLSelectElement>("An answer is given again").value).toBe("off");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect((await asking(asked, "PATCH", "/v1/workspaces/w")).body).toEqual({ cache_mode: "off", cache_ttl_s: 7_200 });
});
