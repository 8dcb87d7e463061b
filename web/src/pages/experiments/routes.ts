import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/experiments", load: () => import("./ExperimentsPage") },
  { path: "/experiments/backtests", load: () => import("./BacktestsPage") },
  { path: "/experiments/backtests/$id", load: () => import("./BacktestPage") },
  { path: "/experiments/settings", load: () => import("./SettingsPage") },
  { path: "/experiments/$id", load: () => import("./ExperimentPage") },
];

export default routes;
