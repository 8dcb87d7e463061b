import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Queries } from "@/api/slow.fake";
import { preloadFloats } from "@/kit/floats";
import { ImportRuns } from "./ImportRuns";

beforeAll(preloadFloats);
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const LINE = '{"source": "desk", "id": "ä-1"}';
/** As PowerShell writes it. */
const inUtf16 = (text: string) => new Uint8Array([0xff, 0xfe, ...[...text].flatMap((one) => [one.charCodeAt(0) & 0xff, one.charCodeAt(0) >> 8])]);

const choose = (bytes: Uint8Array<ArrayBuffer>) => {
  render(<Queries><ImportRuns onClose={() => {}} /></Queries>);
  fireEvent.change(document.querySelector('input[type="file"]') as HTMLInputElement, { target: { files: [new File([bytes], "runs.jsonl")] } });
};

it("sends the lines of a file in UTF-16 in letters that the API reads", async () => {
  const sent: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (given, init) => {
    sent.push(await new Request(given, init).text());
    return Response.json({ accepted: 1, results: [], unknown_prompts: [] });
  });
  choose(inUtf16(`${LINE}\r\n`));
  await vi.waitFor(() => expect(sent.map((one) => one.trim())).toEqual([LINE]));
});

it("says of a file that is not what its mark says what to do, and sends nothing", async () => {
  const asked = vi.spyOn(globalThis, "fetch");
  choose(new Uint8Array([0xff, 0xfe, 0x61]));
  await screen.findByText(/begins as UTF-16 does, and is not so\. Save it as UTF-8\./);
  expect(asked).not.toHaveBeenCalled();
});
