/** Who else has the same thing open. Each tab says where it is; what it does not say again within 45 s is over. Nothing of it is kept. */
import { useEffect, useMemo, useRef, useState } from "react";
import type { Schema } from "./client";
import { newIdempotencyKey, standing, standingHeaders } from "./client";
import { change } from "./hooks";
import { useLiveEvents, useLiveStatus } from "./live";
import { useSession } from "./session";

export type Person = Schema<"PersonHere">;
type State = "viewing" | "editing" | "left";

const AGAIN_MS = 15_000;
/** While no events come, who else is here is heard by asking. */
const ASK_AGAIN_MS = 5_000;
const PATH = "/v1/presence";

/** This tab. Two tabs of one person are one person, until both have gone. */
const TAB = newIdempotencyKey().slice(0, 64);

/** What is said goes in its order: one who leaves right after coming has left. */
let last: Promise<unknown> = Promise.resolve();

function say(place: string, state: State): Promise<Person[] | null> {
  const saying = last.then(() => (navigator.onLine ? change("put", PATH, { body: { place, tab: TAB, state } }) : null));
  last = saying.catch(() => null);
  // Who is here is a help and no more: that it could not be said is nobody's concern.
  return saying.then((answer) => answer?.people ?? null, () => null); // prettier-ignore
}

/** When the tab is closed nothing can be waited for. */
function sayGone(place: string) {
  const body = JSON.stringify({ place, tab: TAB, state: "left" satisfies State });
  fetch(PATH, { method: "PUT", body, keepalive: true, credentials: "same-origin", headers: { "Content-Type": "application/json", ...standingHeaders("PUT") } }).catch(() => undefined);
}

/** The others at this place (`prompts/triage`), who came first before all others; and says that one is here oneself, and whether one edits. */
export function usePresence(place: string, isEditing: boolean): Person[] {
  const { user } = useSession();
  const [people, setPeople] = useState<Person[]>([]);
  const here = useRef(place);
  const isLive = useLiveStatus() === "live";
  useEffect(() => {
    here.current = place;
    const goes = () => sayGone(place);
    addEventListener("pagehide", goes);
    return () => {
      removeEventListener("pagehide", goes);
      here.current = "";
      setPeople([]);
      // Signed out, or in another workspace: what was said there is over by itself.
      if (standing.csrfToken) void say(place, "left");
    };
  }, [place]);
  useEffect(() => {
    let isOver = false;
    const tell = async () => {
      if (document.hidden) return;
      const found = await say(place, isEditing ? "editing" : "viewing");
      if (found && !isOver) setPeople(found);
    };
    void tell();
    const timer = setInterval(() => void tell(), isLive ? AGAIN_MS : ASK_AGAIN_MS);
    const looked = () => void tell();
    document.addEventListener("visibilitychange", looked);
    return () => {
      isOver = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", looked);
    };
    // Also once events come: who came before that was told to nobody here.
  }, [place, isEditing, isLive]);
  useLiveEvents(["presence"], ({ data }) => {
    if (data["place"] === here.current) setPeople(data["people"] as Person[]);
  });
  return useMemo(() => people.filter((one) => one.user_id !== user.id), [people, user.id]);
}
