import { afterEach, expect, it, vi } from "vitest";
import { uploadLines } from "./UploadButton";

afterEach(() => vi.restoreAllMocks());

it("knows what the lines of a file in UTF-16 are, as the API does, and sends it as it is", async () => {
  const asked = vi.spyOn(globalThis, "fetch").mockResolvedValue(Response.json({ id: "f" }));
  const line = '{"custom_id": "a", "variables": {}}\n';
  const file = new Blob([new Uint8Array([0xff, 0xfe, ...[...line].flatMap((one) => [one.charCodeAt(0), 0])])]);
  expect((await uploadLines(file, "a.jsonl")).kind).toBe("inputs");
  expect(asked).toHaveBeenCalledOnce();
});
