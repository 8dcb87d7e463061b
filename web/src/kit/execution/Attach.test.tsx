import { act, cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, expect, it } from "vitest";
import { type Attached, faultOf, mentioned } from "@/lib/attached";
import { preloadFloats } from "@/kit/floats";
import { Attach } from "./Attach";

beforeAll(preloadFloats);
afterEach(cleanup);

function Message({ given = [], single }: { given?: readonly Attached[]; single?: boolean }) {
  const [files, setFiles] = useState(given);
  return (
    <>
      <p>{faultOf(files) ?? "Ready"}</p>
      <output>{JSON.stringify(files.map(({ part }) => part))}</output>
      <Attach of="message 1" files={files} onChange={setFiles} most={3_000_000} single={single}>
        Text
      </Attach>
    </>
  );
}

const names = () => within(screen.getByRole("list", { name: "Files of message 1" })).getAllByRole("listitem").map((one) => one.querySelector(".font-medium")?.textContent);
const file = (name: string) => new File(["text"], name, { type: "text/plain" });

it("puts a file beside the others where the chooser for another was closed without a choice", async () => {
  render(<Message given={[mentioned(["gone.txt", "text/plain", 4])]} />);
  fireEvent.click(screen.getByRole("button", { name: "Attach again: gone.txt" }));
  await act(async () => {
    fireEvent.drop(screen.getByText("Text"), { dataTransfer: { types: ["Files"], files: [file("new.txt")] } });
  });
  await waitFor(() => expect(names()).toEqual(["gone.txt", "new.txt"]));
  // What is chosen goes where the chooser was opened for.
  fireEvent.click(screen.getByRole("button", { name: "Attach again: gone.txt" }));
  fireEvent.change(screen.getByLabelText("File for message 1"), { target: { files: [file("again.txt")] } });
  await waitFor(() => expect(names()).toEqual(["again.txt", "new.txt"]));
});

/** A file that takes until `come` is called to be read. */
function slow(name: string, type = "text/plain") {
  let come: () => void = () => undefined;
  const given = new File(["text"], name, { type });
  given.arrayBuffer = () => new Promise((resolve) => (come = () => resolve(new TextEncoder().encode("text").buffer as ArrayBuffer)));
  return { given, come: () => act(async () => come()) };
}

const choose = (files: readonly File[]) => act(async () => void fireEvent.change(screen.getByLabelText("File for message 1"), { target: { files } }));

it("lets nobody send without a file that is being read, nor brings one that was taken out meanwhile", async () => {
  render(<Message />);
  const [first, second] = [slow("first.txt"), slow("second.txt")];
  await choose([first.given, second.given]);
  expect(screen.getByText("first.txt is being read.")).toBeDefined();
  fireEvent.click(screen.getByRole("button", { name: "Take out first.txt" }));
  await first.come();
  await second.come();
  await waitFor(() => expect(screen.getByText("Ready")).toBeDefined());
  expect(names()).toEqual(["second.txt"]);
});

it("leaves the one picture where another that was chosen cannot be taken", async () => {
  render(<Message given={[{ id: "1", name: "here.txt", part: { type: "file", file: { file_data: "data:text/plain;base64,AA==" } } }]} single />);
  const refused = slow("a.zip", "video/mp4");
  await choose([refused.given]);
  await refused.come();
  expect(names()).toEqual(["here.txt"]);
  const next = slow("next.txt");
  await choose([next.given]);
  expect(screen.getByText("next.txt is being read.")).toBeDefined();
  await next.come();
  expect(names()).toEqual(["next.txt"]);
});

it("takes a picture or PDF by its address, and says why something else is none", async () => {
  render(<Message />);
  const open = async () => {
    fireEvent.click(screen.getByRole("button", { name: "By address: attach to message 1" }));
    return within(await screen.findByRole("dialog", { name: "Attach by address" }));
  };
  let dialog = await open();
  const type = (value: string) => fireEvent.change(dialog.getByLabelText("Address"), { target: { value } });
  for (const [given, why] of [["", /begins with http/], ["ftp://example.com/a.png", /begins with http/], ["javascript:alert(1)", /begins with http/], ["https://example.com/a b.png", /no spaces/], ["https://", /begins with http/], ["data:image/png;base64,AA==", /attach the file itself/], [`https://${"a".repeat(8_193)}`, /has 8,193 characters behind its “:\/\/”; at most 8,192 can/]] as const) {
    type(given);
    fireEvent.click(dialog.getByRole("button", { name: "Attach" }));
    dialog.getByText(why);
  }
  type(" https://example.com/Bill.PDF?page=1 ");
  fireEvent.click(dialog.getByRole("button", { name: "Attach" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  dialog = await open();
  expect(dialog.getByLabelText<HTMLInputElement>("Address").value).toBe("");
  type("http://example.com/a");
  fireEvent.click(dialog.getByRole("button", { name: "Attach" }));
  await waitFor(() => expect(names()).toEqual(["https://example.com/Bill.PDF?page=1", "http://example.com/a"]));
  expect(JSON.parse(screen.getByRole("status").textContent ?? "")).toEqual([{ type: "file", file: { file_url: "https://example.com/Bill.PDF?page=1" } }, { type: "image_url", image_url: { url: "http://example.com/a" } }]);
});

it("attaches nothing that is pasted or dropped in the dialog for an address, and forgets a fault once one was taken", async () => {
  render(<Message />);
  await choose([new File(["x"], "a.zip", { type: "video/mp4" })]);
  await screen.findByRole("alert");
  fireEvent.click(screen.getByRole("button", { name: "By address: attach to message 1" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Attach by address" }));
  const address = dialog.getByLabelText("Address");
  await act(async () => {
    fireEvent.paste(address, { clipboardData: { types: ["Files"], files: [file("pasted.txt")] } });
    fireEvent.drop(address, { dataTransfer: { types: ["Files"], files: [file("dropped.txt")] } });
  });
  fireEvent.change(address, { target: { value: "https://example.com/a.png" } });
  fireEvent.click(dialog.getByRole("button", { name: "Attach" }));
  await waitFor(() => expect(names()).toEqual(["https://example.com/a.png"]));
  expect(screen.queryByRole("alert")).toBeNull();
});
