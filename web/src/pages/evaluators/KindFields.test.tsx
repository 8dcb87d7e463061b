import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Queries, asking, slowApi } from "@/api/slow.fake";
import { KindFields } from "./KindFields";
import { draftOf } from "./evaluator";

vi.mock("@tanstack/react-router", async () => ({ Link: (await import("../../kit/link.fake")).Link }));

it("says that no model answers only once that is known", async () => {
  const asked = slowApi();
  render(
    <Queries>
      <KindFields draft={{ ...draftOf(null), kind: "llm_judge" as never }} change={() => {}} error={null} wrong={{}} />
    </Queries>,
  );
  expect(screen.queryByText(/No model answers yet/)).toBeNull();
  await (await asking(asked, "GET", "/v1/models")).answer({ data: [] });
  await screen.findByText(/No model answers yet/);
});
