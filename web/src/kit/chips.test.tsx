import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { Several } from "./Several";
import Toasts from "./Toasts";

function Models() {
  const [values, setValues] = useState(["a", "b", "c"]);
  return (
    <>
      <Several label="Models" add="Add a model" none="None" values={values} onChange={setValues} choices={[]} />
      <Toasts />
    </>
  );
}

it("gives the focus of a chip that is taken out to the next one, then the one before, then to what adds one, and says so (U1)", () => {
  render(<Models />);
  const take = (name: string) => {
    const button = screen.getByRole("button", { name: `Take ${name} away` });
    button.focus();
    fireEvent.click(button);
    return document.activeElement?.getAttribute("aria-label");
  };
  expect(take("b")).toBe("Take c away");
  expect(take("c")).toBe("Take a away");
  expect(screen.getByRole("region", { name: "Messages" }).textContent).toContain("c is taken out");
  expect(take("a")).toBe("Models: Add a model");
});
