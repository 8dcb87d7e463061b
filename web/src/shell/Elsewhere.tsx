import { ButtonLink } from "@/kit/Button";
import { Page } from "@/kit/Page";
import { ErrorState } from "@/kit/States";

// What stands where no page is. A chunk of its own: the first page needs none of it.

/** A page that threw. */
export function Broken({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className="mx-auto w-full max-w-[1320px] px-4 pt-7 md:px-8">
      <ErrorState error={error} title="This page broke" onRetry={reset} />
    </div>
  );
}

/** An address that leads nowhere, beside the navigation. */
export function NoSuchPage() {
  return (
    <Page title="There is no such page">
      <p className="mb-4 text-muted">The address may be mistyped, or the page may have moved.</p>
      <div>
        <ButtonLink to="/prompts">Go to the prompts</ButtonLink>
      </div>
    </Page>
  );
}

/** The same where there is nothing beside it. */
export function Nowhere() {
  return (
    <main className="mx-auto w-full max-w-[1320px] px-4 pt-7 md:px-8">
      <NoSuchPage />
    </main>
  );
}

/** Nobody knows whether somebody is signed in: the question was not answered. */
export function Unknown({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <main className="mx-auto w-full max-w-xl px-4 pt-[16dvh]">
      <ErrorState error={error} onRetry={retry} />
    </main>
  );
}
