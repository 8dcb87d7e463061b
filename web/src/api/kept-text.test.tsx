import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { useKeptText } from "./kept-text";

vi.mock("./session", () => ({ useSession: () => ({ user: { id: "1" }, workspace: { id: "w" } }) }));
afterEach(() => sessionStorage.clear());

function Sample({ begin }: { begin?: string }) {
  const { text, set } = useKeptText("a sample", begin);
  return <input aria-label="Sample" value={text} onChange={(event) => set(event.target.value)} />;
}

const field = () => screen.getByLabelText<HTMLInputElement>("Sample");

it("stays empty after a reload where somebody cleared what it began with", () => {
  const page = render(<Sample begin="Where is my parcel?" />);
  expect(field().value).toBe("Where is my parcel?");
  fireEvent.change(field(), { target: { value: "" } });
  page.unmount();
  render(<Sample begin="Where is my parcel?" />);
  expect(field().value).toBe("");
});

it("keeps nothing of a text that began empty and is so again", () => {
  render(<Sample />);
  fireEvent.change(field(), { target: { value: "a" } });
  fireEvent.change(field(), { target: { value: "" } });
  expect(Object.keys(sessionStorage)).toEqual([]);
});
