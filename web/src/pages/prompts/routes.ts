import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/prompts", load: () => import("./PromptsPage") },
  { path: "/prompts/$slug", load: () => import("./PromptPage") },
];

export default routes;
