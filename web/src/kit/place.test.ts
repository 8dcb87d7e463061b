import { describe, expect, it } from "vitest";
import { place } from "./place";

const view = { width: 1000, height: 600 };
const button = { left: 100, top: 100, width: 80, height: 30 };
const below = { side: "bottom", align: "start", gap: 4 } as const;

describe("place", () => {
  it("stands on the side that was asked for", () => {
    expect(place(button, { width: 200, height: 150 }, view, below)).toMatchObject({ left: 100, top: 134, side: "bottom" });
    expect(place(button, { width: 40, height: 20 }, view, { side: "top", align: "center", gap: 6 })).toMatchObject({ left: 120, top: 74, side: "top" });
    expect(place(button, { width: 40, height: 20 }, view, { side: "right", align: "center", gap: 6 })).toMatchObject({ left: 186, top: 105, side: "right" });
  });

  it("goes to the other side where only there is room", () => {
    const low = { ...button, top: 550 };
    expect(place(low, { width: 200, height: 150 }, view, below)).toMatchObject({ top: 396, side: "top" });
    expect(place(button, { width: 40, height: 120 }, view, { side: "top", align: "center", gap: 6 })).toMatchObject({ top: 136, side: "bottom" });
  });

  it("stays in the window, and says how high it may be", () => {
    const right = { ...button, left: 960, width: 30 };
    expect(place(right, { width: 200, height: 150 }, view, below).left).toBe(792);
    expect(place(button, { width: 200, height: 900 }, view, below)).toMatchObject({ top: 134, room: 458 });
    expect(place({ ...button, top: 400 }, { width: 200, height: 900 }, view, below)).toMatchObject({ top: 8, side: "top", room: 388 });
  });
});
