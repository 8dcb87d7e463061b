import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/library", load: () => import("./LibraryPage") },
  { path: "/library/templates", load: () => import("./TemplatesPage") },
  { path: "/library/templates/$id", load: () => import("./TemplatePage") },
  { path: "/library/$id", load: () => import("./LibraryEntryPage") },
];

export default routes;
