import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/new", load: () => import("./GoalPage") },
  { path: "/new/$session", load: () => import("./WizardPage") },
];

export default routes;
