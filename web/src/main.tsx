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

const MOST_TRIES = 2;
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (tries, error) => tries < MOST_TRIES && asApiError(error).retryable && asApiError(error).status !== 429,
      refetchOnWindowFocus: true,
    },
    // At once or not at all: what waited for a connection would land in whatever workspace is chosen by then. Nothing is remembered of a
    // change when its form is gone: keys and passwords were in it.
    mutations: { retry: false, networkMode: "always", gcTime: 0 },
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
