import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { Pause, Play, Send } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { change, invalidate, read, useChange, useRead } from "@/api/hooks";
import { asApiError } from "@/api/errors";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ConfirmDialog, CopyButton, Loaded, Menu, Notice, Page, RelativeTime, Tabs, TextLink, toast, toastError, useUndo } from "@/kit";
import { usePathParam } from "@/lib/pages";
import { flag, oneOf, over, text, useUrlState } from "@/lib/url-state";
import { isCovered } from "@/lib/writing";
import { ChangesOf } from "@/pages/team/ChangesOf";
import { DeadLetters, useDeadLetters } from "./DeadLetters";
import { Deliveries } from "./Deliveries";
import { EditEndpoint } from "./EditEndpoint";
import { EnableAgain } from "./EnableAgain";
import { Overview } from "./Overview";
import { ReplayRange } from "./ReplayRange";
import { Replays } from "./Replays";
import { RotateSecret } from "./RotateSecret";
import type { Endpoint } from "./draft";
import { isResting, lastFailed, nameOf, stateOfEndpoint, whyResting } from "./words";

const shape = { tab: oneOf(["overview", "deliveries", "replays"], "overview"), edit: over(flag()), delivery: over(text()) };
const LOOK_AGAIN_MS = 10_000;

export default function WebhookPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/webhooks/endpoints/{endpoint_id}", { path: { endpoint_id: id } }, { refetchInterval: LOOK_AGAIN_MS });
  const dead = useDeadLetters(id);
  const endpoint = found.data?.id === id ? found.data : undefined;
  const state = endpoint ? stateOfEndpoint(endpoint, Date.now()) : null;
  return (
    <Page
      title={endpoint ? nameOf(endpoint) : "Endpoint"}
      back={{ to: "/webhooks", label: "Webhooks" }}
      heading={
        endpoint && state ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            {nameOf(endpoint)}
            <span className="tracking-normal">
              <Badge tone={state.tone}>{state.word}</Badge>
            </span>
          </span>
        ) : undefined
      }
      subtitle={
        endpoint ? (
          <span className="inline-flex max-w-full items-center gap-1">
            <code className="text-13 break-all">{endpoint.url}</code>
            <CopyButton text={endpoint.url} label="Copy the address" className="-my-1" />
          </span>
        ) : undefined
      }
      actions={endpoint ? <Acts endpoint={endpoint} /> : null}
    >
      {/* With what stands above the tabs, which would push them down. */}
      <Loaded of={{ ...found, data: dead.isPending && dead.failureCount === 0 ? undefined : endpoint }}>{(one) => <Content endpoint={one} dead={dead.data} />}</Loaded>
    </Page>
  );
}

function Content({ endpoint, dead }: { endpoint: Endpoint; dead: ReturnType<typeof useDeadLetters>["data"] }) {
  const [{ tab }, set] = useUrlState(shape);
  const [replaying, setReplaying] = useState(false);
  const showReplays = () => set({ tab: "replays" }, { push: true });
  return (
    <>
      <Trouble endpoint={endpoint} onCatchUp={showReplays} />
      {dead ? <DeadLetters endpoint={endpoint} found={dead} onBegun={showReplays} /> : null}
      <Tabs
        label="Parts of the endpoint"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "overview", label: "Overview", content: <Overview endpoint={endpoint} /> },
          { id: "deliveries", label: "Deliveries", content: <Deliveries of={endpoint} /> },
          { id: "replays", label: "Replays", content: <Replays endpoint={endpoint} onBegin={() => setReplaying(true)} /> },
        ]}
      />
      {replaying ? <ReplayRange endpoint={endpoint} onOpenChange={setReplaying} onBegun={showReplays} /> : null}
    </>
  );
}

/** What keeps deliveries from arriving, and what can be done. */
function Trouble({ endpoint, onCatchUp }: { endpoint: Endpoint; onCatchUp: () => void }) {
  const [enabling, setEnabling] = useState(false);
  const may = useMay();
  if (endpoint.status === "disabled") {
    return (
      <>
        <Notice
          tone="bad"
          title="It is off."
          action={
            <Button size="s" onClick={() => setEnabling(true)} disabled={!may.admin} why={needs("admin")}>
              Enable again
            </Button>
          }
        >
          {endpoint.disabled_reason === "gone" ? "The receiver answered 410: it is gone for good." : "Nothing has arrived for five days."} What happens meanwhile is cancelled, and can be sent later.
        </Notice>
        {enabling ? <EnableAgain endpoint={endpoint} onOpenChange={setEnabling} onCatchUp={onCatchUp} /> : null}
      </>
    );
  }
  if (endpoint.status === "paused") return <Notice title="Paused.">Deliveries wait, and nothing is lost.</Notice>;
  if (isResting(endpoint, Date.now())) {
    return (
      <Notice tone="warn" title="Left in peace for a while." action={<WhatFailed />}>
        {whyResting(endpoint.resting_reason)} The next try is <RelativeTime at={endpoint.resting_until} />; nothing is lost meanwhile.
      </Notice>
    );
  }
  const failed = lastFailed(endpoint);
  if (failed === null) return null;
  return (
    <Notice tone="warn" title={`${failed}.`} action={<WhatFailed />}>
      The first of them <RelativeTime at={endpoint.failing_since} />. {endpoint.delivered_count === 0 ? "Nothing has arrived yet. " : ""}What waits is tried again, after longer and longer pauses.
    </Notice>
  );
}

const WhatFailed = () => (
  <TextLink to="." search={{ tab: "deliveries" }}>
    See the deliveries
  </TextLink>
);

function Acts({ endpoint }: { endpoint: Endpoint }) {
  const may = useMay();
  const [{ edit }, set] = useUrlState(shape);
  const [act, setAct] = useState<"rotate" | "delete" | "replay" | null>(null);
  const pause = useChange("patch", "/v1/webhooks/endpoints/{endpoint_id}", { invalidates: ["/v1/webhooks"] });
  const undo = useUndo(["/v1/webhooks"]);
  const isPaused = endpoint.status === "paused";
  const isOff = endpoint.status === "disabled";
  const close = () => setAct(null);
  const asked = (paused: boolean) => ({ path: { endpoint_id: endpoint.id }, body: { paused } as never });
  const said = (paused: boolean) => (paused ? "Paused; deliveries wait" : "Deliveries go on");
  const turn = (paused: boolean) =>
    pause.mutate(asked(paused), { onSuccess: () => toast(said(paused), undo(() => change("patch", "/v1/webhooks/endpoints/{endpoint_id}", asked(!paused)), said(!paused))), onError: toastError });
  return (
    <>
      <Test endpoint={endpoint} />
      <Button icon={isPaused ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />} busy={pause.isPending} disabled={!may.admin || isOff} why={may.admin ? "It is off." : needs("admin")} onClick={() => turn(!isPaused)}>
        {isPaused ? "Resume" : "Pause"}
      </Button>
      <ChangesOf kind="webhook_endpoint" object={endpoint.id} size="m" />
      <Button onClick={() => set({ edit: true })} disabled={!may.admin} why={needs("admin")}>
        Change
      </Button>
      <Menu
        label="More about this endpoint"
        items={[
          { label: "Replay a range", disabled: !may.edit || isOff, hint: isOff ? "Enable the endpoint first" : undefined, onSelect: () => setAct("replay") },
          { label: "Rotate the secret", disabled: !may.admin, hint: may.admin ? undefined : needs("admin"), onSelect: () => setAct("rotate") },
          "-",
          { label: "Delete", danger: true, disabled: !may.admin, hint: may.admin ? undefined : needs("admin"), onSelect: () => setAct("delete") },
        ]}
      />
      {edit && may.admin ? <EditEndpoint endpoint={endpoint} onOpenChange={() => set({ edit: false })} /> : null}
      {act === "rotate" ? <RotateSecret endpoint={endpoint} onOpenChange={close} /> : null}
      {act === "delete" ? <Delete endpoint={endpoint} onOpenChange={close} /> : null}
      {act === "replay" ? <ReplayRange endpoint={endpoint} onOpenChange={close} onBegun={() => void set({ tab: "replays" }, { push: true })} /> : null}
    </>
  );
}

const ARRIVES_WITHIN = 12;
const LOOK_MS = 400;

/** Sends a test, waits until its delivery is there, and opens it, where nothing else was opened meanwhile. */
function Test({ endpoint }: { endpoint: Endpoint }) {
  const may = useMay();
  const [busy, setBusy] = useState(false);
  const [, set] = useUrlState(shape);
  const { history } = useRouter();
  const isHere = useRef(true);
  useEffect(() => {
    isHere.current = true;
    return () => void (isHere.current = false);
  }, []);
  const send = async () => {
    setBusy(true);
    const { pathname } = history.location;
    try {
      const sent = await change("post", "/v1/webhooks/endpoints/{endpoint_id}/test", { path: { endpoint_id: endpoint.id } });
      if (sent.warning) toast(sent.warning);
      const there = await appears(endpoint.id, sent.event_id);
      // Seconds later: another page may be there by now, or on its way, or a form with its text over this one.
      if (there && isHere.current && history.location.pathname === pathname && !isCovered()) set({ tab: "deliveries", delivery: sent.delivery_id }, { push: true });
      else toast("The test is on its way");
    } catch (error) {
      toastError(asApiError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button icon={<Send size={14} aria-hidden />} busy={busy} disabled={!may.edit || endpoint.status === "disabled"} why={may.edit ? "It is off." : needs("editor")} onClick={() => void send()}>
      Send test
    </Button>
  );
}

async function appears(endpointId: string, eventId: string): Promise<boolean> {
  for (let looks = 0; looks < ARRIVES_WITHIN; looks++) {
    const found = await read("/v1/webhooks/deliveries", { query: { endpoint_id: endpointId, event_id: eventId } });
    if (found.data.length > 0) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}

function Delete({ endpoint, onOpenChange }: { endpoint: Endpoint; onOpenChange: (open: boolean) => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useChange("delete", "/v1/webhooks/endpoints/{endpoint_id}");
  const send = () =>
    remove.mutate(
      { path: { endpoint_id: endpoint.id } },
      {
        onSuccess: () => {
          toast(`${nameOf(endpoint)} is deleted`);
          // Read anew only once this page is left: here it would be read too, and not found.
          void navigate({ to: "/webhooks" }).then(() => invalidate(queries, ["/v1/webhooks"]));
        },
      },
    );
  return (
    <ConfirmDialog open onOpenChange={onOpenChange} title={`Delete ${nameOf(endpoint)}?`} submit="Delete" onSubmit={send} busy={remove.isPending} error={remove.error}>
      Nothing more is sent to it, also not what waits, and its secret ends. This cannot be undone; to stop for a while, pause it.
    </ConfirmDialog>
  );
}
