import { render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { useModels } from "@/api/models";
import { Estimate } from "./EditTab";

vi.mock("@/api/models", () => ({ useModels: vi.fn() }));

const DRAFT = { content: { model: "simulated/reader", messages: [] } } as never;
const PRICED = { id: "simulated/reader", provider: "simulated", display_name: "Reader", input_price_nusd_per_million: 100_000_000, output_price_nusd_per_million: 400_000_000 };

beforeEach(() => void vi.mocked(useModels).mockReset());

it.each([
  ["while models still come", [], true, false],
  ["of a model that has one", [PRICED], false, false],
  ["of a model that nobody knows", [], false, true],
])("says that no price is known %s: %s", (_, models, isPending, said) => {
  vi.mocked(useModels).mockReturnValue({ models, choices: [], isPending, error: null });
  render(<Estimate draft={DRAFT} texts={["Hello"]} />);
  expect(screen.queryByText(/No price is known/) !== null).toBe(said);
});
