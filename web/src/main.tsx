import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { asApiError } from "@/api/errors";
import { SessionProvider } from "@/api/session";
import { nonce } from "@/lib/nonce";
import { watchTheme } from "@/lib/theme";
import { router } from "./router";
import "./styles/app.css";

setNonce(nonce());
watchTheme();

// An invitation's link came with its token behind the "#", which is never sent to a server.
const invited = /^#\/invitation\/(.+)$/.exec(location.hash);
if (invited) history.replaceState(null, "", `/app/invite/${invited[1]}`);

// After a deployment the files of the release before are gone: load the new one, once.
addEventListener("vite:preloadError", (event) => {
  const last = Number(sessionStorage.getItem("burnish.reloaded") ?? 0);
  if (Date.now() - last < 60_000) return;
  sessionStorage.setItem("burnish.reloaded", String(Date.now()));
  event.preventDefault();
  location.reload();
});

const MOST_TRIES = 2;
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (tries, error) => tries < MOST_TRIES && asApiError(error).retryable && asApiError(error).status !== 429,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <RouterProvider router={router} />
      </SessionProvider>
    </QueryClientProvider>
  </StrictMode>,
);
