import { TextLink } from "./Button";
import { Notice } from "./States";

/** What a test run or a search waits for while nobody works on it, and what to do. Nothing where somebody does, or will within seconds. */
export function Waits({ of, prompt }: { /** `waits_for` of it. */ of: string | null | undefined; prompt: string }) {
  if (of === "earlier_search") {
    return (
      <Notice title="It waits for another search of this prompt.">
        A prompt is searched for one after the other. It starts by itself, and sooner where the one before it is cancelled: <TextLink to="/optimize" search={{ prompt }}>searches of {prompt}</TextLink>.
      </Notice>
    );
  }
  if (of === "provider_limit") {
    return (
      <Notice tone="warn" title="The provider has no room for it now.">
        Its newest call was answered with 429. It is asked again after a wait, by itself; where a call is refused six times, it counts as failed. A higher limit at the provider, or fewer calls beside it, makes it faster.
      </Notice>
    );
  }
  if (of === "free_place") return <Notice title="It waits for a free place.">The optimizer works on others, of this workspace among them. It starts by itself as soon as one of them ends.</Notice>;
  if (of === "optimizer") {
    return (
      <Notice tone="warn" title="Nobody works on it.">
        The service that does (the optimizer) is away, or busy with other workspaces. It goes on by itself, and nothing of it is lost. Whoever runs this installation sees with <code>burnish status</code> what is away.
      </Notice>
    );
  }
  return null;
}
