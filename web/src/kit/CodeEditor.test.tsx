import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const loading = vi.hoisted(() => ({ come: undefined as (() => void) | undefined }));
vi.mock("./editor/CodeEditor", async () => {
  await new Promise<void>((resolve) => {
    loading.come = resolve;
  });
  return {
    default: ({ value, label, cursor }: { value: string; label: string; cursor?: { from: number; to: number } | null }) => (
      <output aria-label={label} data-cursor={JSON.stringify(cursor ?? null)}>
        {value}
      </output>
    ),
  };
});

beforeEach(() => vi.resetModules());
afterEach(cleanup);

const onSave = vi.fn();

async function show() {
  const { CodeEditor } = await import("./CodeEditor");
  function Written() {
    const [value, setValue] = useState("Hello {{name}} of {{city}}");
    return <CodeEditor label="Message 1" language="template" variables={["name"]} value={value} onChange={setValue} onSave={onSave} />;
  }
  render(<Written />);
  return screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Message 1" });
}

it("says of a very long line that its variables are not marked, and marks those of the others", async () => {
  const { CodeEditor } = await import("./CodeEditor");
  const { rerender } = render(<CodeEditor label="Message 1" language="template" value={`{{name}}\n${"{{city}} ".repeat(1_200)}`} />);
  screen.getByText(/^Line 2 has more than 10,000 characters/);
  expect(screen.getByText("{{name}}").className).toContain("text-accent");
  expect(screen.queryByText("{{city}}")).toBeNull();
  rerender(<CodeEditor label="Message 1" language="template" value="In {{city}}." />);
  expect(screen.queryByText(/characters/)).toBeNull();
  expect(screen.getByText("{{city}}").className).toContain("text-accent");
});

it("is text to read and to write until the editor is here, which goes on where one was writing", async () => {
  const area = await show();
  expect(area.value).toBe("Hello {{name}} of {{city}}");
  expect(screen.getByText("{{city}}").className).toContain("text-bad");
  expect(screen.getByText("{{name}}").className).not.toContain("text-bad");
  area.focus();
  fireEvent.change(area, { target: { value: "Good day {{name}}" } });
  fireEvent.keyDown(area, { key: "s", ctrlKey: true });
  expect(onSave).toHaveBeenCalledTimes(1);
  area.setSelectionRange(5, 8);
  await waitFor(() => expect(loading.come).not.toBe(undefined)); // It is asked for, and does not come by itself.
  loading.come?.();
  const editor = await screen.findByRole("status", { name: "Message 1" });
  expect([editor.textContent, JSON.parse(editor.dataset["cursor"] ?? "")]).toEqual(["Good day {{name}}", { from: 5, to: 8 }]);
});
