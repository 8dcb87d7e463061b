export * from "./BarList";
export * from "./ConfusionMatrix";
export * from "./Frame";
export * from "./Intervals";
export * from "./Scatter";
export * from "./Sparkline";
export * from "./XYChart";
export type { Clock, Point, Series } from "./geometry";
