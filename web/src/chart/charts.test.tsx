import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConfusionMatrix, matrixOf } from "./ConfusionMatrix";
import { Intervals } from "./Intervals";
import { Scatter } from "./Scatter";
import { XYChart } from "./XYChart";

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(640);
});
afterEach(cleanup);

const series = [
  { name: "p50", points: [{ x: 1, value: 400 }, { x: 2, value: null }, { x: 3, value: 500 }] },
  { name: "p95", points: [{ x: 1, value: 900 }, { x: 2, value: 950 }, { x: 3, value: 990, low: 900, high: 1100 }] },
];

describe("a chart", () => {
  it("is read by the arrow keys, and stops at its ends", () => {
    render(<XYChart title="Latency" series={series} xAxis="number" formatX={(x) => `at ${x}`} format={(value) => `${value} ms`} />);
    const plot = screen.getByRole("img", { name: /^Latency\. Arrow keys/ });
    const said = () => screen.getByRole("status").textContent;
    expect(said()).toBe("");
    fireEvent.keyDown(plot, { key: "ArrowRight" });
    expect(said()).toBe("at 1: p50 400 ms, p95 900 ms");
    fireEvent.keyDown(plot, { key: "ArrowRight" });
    expect(said()).toBe("at 2: p50 none, p95 950 ms");
    fireEvent.keyDown(plot, { key: "End" });
    fireEvent.keyDown(plot, { key: "ArrowRight" });
    expect(said()).toBe("at 3: p50 500 ms, p95 990 ms (900 ms to 1100 ms)");
    fireEvent.keyDown(plot, { key: "Escape" });
    expect(said()).toBe("");
  });

  it("is a table too", () => {
    render(<XYChart title="Latency" series={series} xAxis="number" formatX={(x) => `at ${x}`} format={(value) => `${value} ms`} />);
    fireEvent.click(screen.getByRole("button", { name: "Show as a table" }));
    expect(screen.getAllByRole("row").map((row) => row.textContent)).toEqual(["Atp50p95", "at 1400 ms900 ms", "at 2–950 ms", "at 3500 ms990 ms (900 ms – 1100 ms)"]);
  });

  it("says that there is nothing", () => {
    render(<XYChart title="Latency" series={[{ name: "p50", points: [] }]} format={String} />);
    expect(screen.getByText("Nothing in this range")).toBeTruthy();
  });

  it("says so too where no step of the range has a value, and draws what is 0", () => {
    const empty = render(<XYChart title="Satisfaction" series={[{ name: "p50", points: [{ x: 1, value: null }, { x: 2, value: null }] }]} format={String} />);
    expect(screen.getByText("Nothing in this range")).toBeTruthy();
    empty.unmount();
    render(<XYChart title="Runs" series={[{ name: "p50", points: [{ x: 1, value: 0 }, { x: 2, value: null }] }]} format={String} />);
    expect(screen.queryByText("Nothing in this range")).toBeNull();
  });

  it("says once what its ticks have in common", () => {
    const { container } = render(<XYChart title="Fitness" zero={false} series={[{ name: "Best", points: [{ x: 1, value: 0.638 }, { x: 2, value: 0.641 }] }]} xAxis="number" formatX={String} format={(value) => `${Math.round(value * 100)} %`} formatTick={(value) => `${Math.round(value * 100)} %`} />);
    const ticks = [...container.querySelectorAll("svg g text")].map((one) => one.textContent);
    expect(ticks.length).toBeGreaterThan(2);
    expect(ticks.filter(Boolean)).toEqual(["64 %"]);
  });

  it.each([
    [[0], ["0"]],
    [[0, 3], ["0", "1", "2", "3"]],
    [[1_200, 1_201], ["1200", "1201"]],
  ])("says no place among whole ones that none of them can have: %j", (at, said) => {
    const { container } = render(<XYChart title="Spent" series={[{ name: "Spent", points: at.map((x) => ({ x, value: x })) }]} xAxis="number" format={String} formatTick={() => ""} formatX={(x) => x.toFixed(0)} />);
    expect([...container.querySelectorAll("svg text")].map((one) => one.textContent).filter(Boolean)).toEqual(said);
  });

  it.each([[-0.015, 0.005], [0.012, 0.018], [0.5, 0.5]])("has ticks between ends that are given: %d to %d", (low, high) => {
    const looks = [{ name: "candidate", points: [{ x: 1, value: low }, { x: 2, value: high }] }];
    const whole = (value: number) => `${Math.round(value * 100)} pts`;
    const { container } = render(<XYChart title="Difference" zero={false} range={[low, high]} series={looks} xAxis="number" formatX={String} format={whole} formatTick={whole} />);
    const lines = [...container.querySelectorAll("svg[role=img] > g > line[shape-rendering]")];
    expect(lines.length).toBeGreaterThanOrEqual(low === high ? 1 : 2);
    for (const line of lines) for (const name of ["x1", "y1"]) expect(Number.isFinite(Number(line.getAttribute(name)))).toBe(true);
  });

  it("draws the flag of what happened at its first step whole", () => {
    const { container } = render(<XYChart title="Latency" series={series} xAxis="number" format={String} annotations={[{ x: 1, label: "v2 is live" }]} />);
    const flag = container.querySelector("svg[role=img] g path") as SVGPathElement;
    const start = Number(/^M([\d.]+)/.exec(flag.getAttribute("d") ?? "")?.[1]);
    expect(Number(container.querySelector("clipPath rect")?.getAttribute("x"))).toBeLessThanOrEqual(start);
  });
});

it("lays no dot over the words of an axis, where it is pointed at either", () => {
  const dots = [0, 1, 2].map((n) => ({ key: `d${n}`, label: `D${n}`, x: n, y: n }));
  const { container } = render(<Scatter title="Score and cost" dots={dots} xLabel="cost" yLabel="score" formatX={String} formatY={String} />);
  const number = (element: Element, name: string) => Number(element.getAttribute(name));
  const ticks = [...container.querySelectorAll("svg g text")];
  const below = [...container.querySelectorAll("svg > text")].filter((one) => /^\d/.test(one.textContent ?? ""));
  const reached = [...container.querySelectorAll("circle[fill=transparent]")];
  expect(ticks.length * below.length * reached.length).toBeGreaterThan(0);
  for (const one of reached) {
    for (const tick of ticks) expect(number(one, "cx") - number(one, "r")).toBeGreaterThanOrEqual(number(tick, "x"));
    for (const tick of below) expect(number(one, "cy") + number(one, "r")).toBeLessThanOrEqual(number(tick, "y") - 11);
  }
});

describe("the confusion matrix", () => {
  const cells = [
    { expected: "billing", predicted: "billing", count: 8 },
    { expected: "billing", predicted: "other", count: 2 },
    { expected: "account", predicted: "billing", count: 1 },
  ];

  it("keeps the diagonal a diagonal", () => {
    const { expected, predicted, at, most } = matrixOf(cells);
    expect([expected, predicted]).toEqual([["account", "billing"], ["account", "billing", "other"]]);
    expect([at("billing", "billing"), at("account", "account"), most]).toEqual([8, 0, 8]);
  });

  it("opens the cases of a cell", () => {
    const opened = vi.fn();
    render(<ConfusionMatrix cells={cells} onCell={opened} />);
    fireEvent.click(screen.getByRole("button", { name: "2 expected billing, came other" }));
    expect(opened).toHaveBeenCalledWith("billing", "other");
    expect(screen.getByRole("row", { name: /^billing/ }).textContent).toContain("80\u00a0%");
  });
});

describe("the confusion matrix by the keys", () => {
  const cells = [
    { expected: "a", predicted: "a", count: 8 },
    { expected: "a", predicted: "c", count: 2 },
    { expected: "b", predicted: "b", count: 1 },
    { expected: "c", predicted: "a", count: 3 },
    { expected: "c", predicted: "c", count: 4 },
  ];
  const press = (...keys: string[]) => keys.map((key) => (fireEvent.keyDown(document.activeElement!, { key }), document.activeElement?.getAttribute("aria-label")));
  const stops = () => screen.getAllByRole("button").filter((one) => one.tabIndex === 0).map((one) => one.getAttribute("aria-label"));

  it("is one stop, from which the arrow keys go to every other cell", () => {
    render(<ConfusionMatrix cells={cells} onCell={() => undefined} />);
    expect(stops()).toEqual(["8 expected a, came a"]);
    expect(screen.getByRole("region").tabIndex, "its cell scrolls it").toBe(-1);
    act(() => screen.getByRole("button", { name: "8 expected a, came a" }).focus());
    expect(press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")).toEqual(["2 expected a, came c", "1 expected b, came b", "3 expected c, came a", "4 expected c, came c", "4 expected c, came c"]);
    expect(press("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown", "ArrowLeft")).toEqual(["1 expected b, came b", "8 expected a, came a", "8 expected a, came a", "1 expected b, came b", "3 expected c, came a", "1 expected b, came b"]);
    expect(stops(), "where one was last").toEqual(["1 expected b, came b"]);
  });

  it("begins at the cell that is chosen, and is a stop as a whole where no cell opens", () => {
    const { unmount } = render(<ConfusionMatrix cells={cells} onCell={() => undefined} selected={{ expected: "c", predicted: "a" }} />);
    expect(stops()).toEqual(["3 expected c, came a"]);
    unmount();
    render(<ConfusionMatrix cells={cells} />);
    expect(screen.getByRole("region").tabIndex).toBe(0);
  });
});

describe("intervals", () => {
  const whole = (value: number) => `${value > 0 ? "+" : ""}${Math.round(value * 100)} pts`;
  const said = (low: number, high: number) => {
    const { container } = render(<Intervals title="Beside control" rows={[{ key: "a", label: "Latency", value: (low + high) / 2, low, high }]} format={(value) => `${(value * 100).toFixed(1)} pts`} formatTick={whole} reference={{ value: 0, label: "as the control" }} />);
    return [...container.querySelectorAll("svg[role=img] > g > line[shape-rendering] + text")].map((one) => [Number(one.getAttribute("x")), one.textContent] as const);
  };

  it.each([[-0.012, 0.011], [-0.003, 0.026], [0.2, 0.9], [-0.4, 0.35]])("have no tick that its words round to another place: %d to %d", (low, high) => {
    const ticks = said(low, high);
    expect(ticks.length).toBeGreaterThan(1);
    const places = ticks.map(([at, words]) => [at, Number.parseInt(words ?? "", 10)] as const);
    const [[x0, v0], [x1, v1]] = [places[0]!, places.at(-1)!];
    for (const [at, value] of places) expect(value).toBeCloseTo(v0 + ((at - x0) / (x1 - x0)) * (v1 - v0), 6);
  });
});

describe("a scatter", () => {
  it("has no tick that its words round to another place", () => {
    const dots = [{ key: "a", label: "a", x: 1, y: 0.2 }, { key: "b", label: "b", x: 4, y: 0.9 }];
    const { container } = render(<Scatter title="Score and cost" dots={dots} xLabel="cost" yLabel="fitness" formatX={(value) => value.toFixed(0)} formatY={String} />);
    const ticks = [...container.querySelectorAll('svg > text[y="236"]')].map((one) => [Number(one.getAttribute("x")), one.textContent] as const);
    expect(ticks.map(([, words]) => words)).toEqual(["1", "2", "3", "4"]);
    const steps = ticks.slice(1, -1).map(([at], n) => at - ticks[n]![0]);
    for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 6);
  });

  it.each([[14, 58], [21, 38], [3, 9], [7, 33], [11, 19], [26, 74]])("has no tick beside its drawing, also where it is narrow: %d to %d", (least, most) => {
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(260);
    const dots = [{ key: "a", label: "a", x: least, y: 0.2 }, { key: "b", label: "b", x: most, y: 0.9 }];
    const { container } = render(<Scatter title="Score and cost" dots={dots} xLabel="cost" yLabel="fitness" formatX={String} formatY={String} />);
    const ticks = [...container.querySelectorAll('svg > text[y="236"]')].map((text) => Number(text.getAttribute("x")));
    expect(ticks.length).toBeGreaterThan(0);
    expect(ticks.filter((at) => at < 52 || at > 260)).toEqual([]);
  });

  it("says each value once where its words are coarser than its ticks", () => {
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(900);
    const dots = [{ key: "a", label: "a", x: 14, y: 0.2 }, { key: "b", label: "b", x: 16, y: 0.9 }];
    const { container } = render(<Scatter title="Score and cost" dots={dots} xLabel="cost" yLabel="fitness" formatX={(value) => value.toFixed(0)} formatY={String} />);
    const said = [...container.querySelectorAll('svg > text[y="236"]')].map((text) => text.textContent);
    expect(said).toEqual(["14", "15", "16"]);
  });
});
