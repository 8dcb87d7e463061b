import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, it } from "vitest";
import { type Attached, mentioned } from "@/lib/attached";
import { Attach } from "./Attach";

afterEach(cleanup);

function Message({ given }: { given: readonly Attached[] }) {
  const [files, setFiles] = useState(given);
  return <Attach of="message 1" files={files} onChange={setFiles} most={3_000_000}>Text</Attach>;
}

const names = () => screen.getAllByRole("listitem").map((one) => one.querySelector(".font-medium")?.textContent);
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
