import { useQueryClient } from "@tanstack/react-query";
import { Flag, Pause, Play, SlidersHorizontal, Trash2, Undo2 } from "lucide-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { change, invalidate, useChange } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Button, ConfirmDialog, Field, FormDialog, Menu, Textarea, toast, toastError, useUndo } from "@/kit";
import { ExperimentForm } from "./ExperimentForm";
import { Decide } from "./Decide";
import { Shares } from "./Shares";
import { type Experiment, awaitsShipping, isAtTheTop, liveArms, shareWords, shippedWords } from "./model";
import { useWinnerServed } from "./served";

const OLD = ["/v1/experiments", "/v1/prompts"];
type Asking = "start" | "change" | "delete" | "decide" | "stop" | "shares" | "advance" | "rollback" | "promote" | null;

/** What can be done with it as it stands; the one that leads on is last. */
export function Acts({ experiment }: { experiment: Experiment }) {
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  const part = { experiment, onClose: close };
  return (
    <>
      <Buttons experiment={experiment} ask={setAsking} />
      {asking === "start" ? <Start {...part} /> : null}
      <ThrowAway {...part} open={asking === "delete"} />
      {asking === "advance" ? <Advance {...part} /> : null}
      <RollBack {...part} open={asking === "rollback"} />
      <Promote {...part} open={asking === "promote"} />
      <ExperimentForm key={`c ${asking === "change"}`} experiment={experiment} open={asking === "change"} onOpenChange={(on) => on || close()} />
      <Decide key={`d ${asking}`} {...part} open={asking === "decide" || asking === "stop"} ships={asking === "decide"} />
      <Shares key={`s ${asking === "shares"}`} {...part} open={asking === "shares"} />
    </>
  );
}

function Buttons({ experiment, ask }: { experiment: Experiment; ask: (what: Asking) => void }) {
  const may = useMay();
  const isServed = useWinnerServed(experiment);
  const { status } = experiment;
  const why = needs("editor");
  const whyPrompts = needs(may.edit ? "admin" : "editor");
  if (status === "draft") {
    return (
      <>
        <Button icon={<Trash2 size={14} aria-hidden />} onClick={() => ask("delete")} disabled={!may.edit} why={why}>
          Throw away
        </Button>
        <Button icon={<SlidersHorizontal size={14} aria-hidden />} onClick={() => ask("change")} disabled={!may.edit} why={why}>
          Change
        </Button>
        <Button variant="primary" icon={<Play size={14} aria-hidden />} onClick={() => ask("start")} disabled={!may.editPrompts} why={whyPrompts}>
          Start
        </Button>
      </>
    );
  }
  if (status === "completed") {
    return awaitsShipping(experiment) && !isServed ? (
      <Button variant="primary" icon={<Flag size={14} aria-hidden />} onClick={() => ask("promote")} disabled={!may.editPrompts} why={whyPrompts}>
        Ship {experiment.winner}
      </Button>
    ) : null;
  }
  const isRollout = experiment.rollout !== null;
  const others = [
    !isRollout && experiment.allocation === "fixed" && status === "running" ? { label: "Change shares…", icon: <SlidersHorizontal size={14} aria-hidden />, onSelect: () => ask("shares"), disabled: !may.editPrompts } : null,
    { label: isRollout ? "End without a rollback…" : "Stop without a winner…", icon: <Flag size={14} aria-hidden />, onSelect: () => ask("stop"), disabled: !may.editPrompts },
  ].filter((one) => one !== null);
  return (
    <>
      <Menu label="More acts" items={others} />
      {isRollout ? (
        <Button icon={<Undo2 size={14} aria-hidden />} onClick={() => ask("rollback")} disabled={!may.edit} why={why}>
          Roll back
        </Button>
      ) : null}
      <PauseOrResume experiment={experiment} />
      {isRollout && !isAtTheTop(experiment) ? (
        <Button variant="primary" icon={<Play size={14} aria-hidden />} onClick={() => ask("advance")} disabled={!may.editPrompts || status === "paused"} why={may.editPrompts ? "Resume it first." : whyPrompts}>
          Next step
        </Button>
      ) : (
        <Button variant="primary" icon={<Flag size={14} aria-hidden />} onClick={() => ask("decide")} disabled={!may.editPrompts} why={whyPrompts}>
          {isRollout ? `Ship ${liveArms(experiment).find((one) => !one.control)?.name ?? "it"}` : "Ship a winner"}
        </Button>
      )}
    </>
  );
}

/** At once, and to be undone. */
function PauseOrResume({ experiment }: { experiment: Experiment }) {
  const may = useMay();
  const undo = useUndo(OLD);
  const path = { experiment_id: experiment.id };
  const pause = useChange("post", "/v1/experiments/{experiment_id}/pause", { invalidates: OLD });
  const resume = useChange("post", "/v1/experiments/{experiment_id}/resume", { invalidates: OLD });
  if (experiment.status === "paused" || experiment.rollout_state === "holding") {
    return (
      <Button icon={<Play size={14} aria-hidden />} busy={resume.isPending} disabled={!may.editPrompts} why={needs(may.edit ? "admin" : "editor")} onClick={() => resume.mutate({ path, body: { reason: "" } }, { onSuccess: () => toast("It goes on; who was in an arm is in it again"), onError: toastError })}>
        Resume
      </Button>
    );
  }
  const back = () => change("post", "/v1/experiments/{experiment_id}/resume", { path, body: { reason: "" } });
  return (
    <Button icon={<Pause size={14} aria-hidden />} busy={pause.isPending} disabled={!may.edit} why={needs("editor")} onClick={() => pause.mutate({ path, body: { reason: "" } }, { onSuccess: () => toast(`Paused: everybody gets what ${experiment.label} names`, may.editPrompts ? undo(back, "It goes on") : undefined), onError: toastError })}>
      Pause
    </Button>
  );
}

export type Part = { experiment: Experiment; open: boolean; onClose: () => void };
/** Mounted only while it is asked. */
type Asked = Omit<Part, "open">;

function Start({ experiment: now, onClose }: Asked) {
  // As it was when it was asked: what a colleague changed since is not started unseen.
  const [experiment] = useState(now);
  const start = useChange("post", "/v1/experiments/{experiment_id}/start", { invalidates: OLD });
  const submit = () => start.mutate({ path: { experiment_id: experiment.id }, body: { revision: experiment.revision, reason: "" } }, { onSuccess: () => { onClose(); toast("It is running: every gateway follows within a second"); } }); // prettier-ignore
  const first = experiment.rollout?.steps?.[0];
  return (
    <ConfirmDialog open onOpenChange={(on) => on || onClose()} title="Start it?" submit={experiment.rollout ? "Start the rollout" : "Start the experiment"} danger={false} onSubmit={submit} busy={start.isPending} error={start.error}>
      {first === undefined ? `Calls of ${experiment.label} are shared out: ${liveArms(experiment).map((one) => `${one.name} ${shareWords(one.share)}`).join(", ")}.` : `The candidate gets ${shareWords(first)} of the calls of ${experiment.label}.`} Arms and rule stay as they are from then on.
    </ConfirmDialog>
  );
}

function ThrowAway({ experiment, open, onClose }: Part) {
  const navigate = useNavigate();
  const remove = useChange("delete", "/v1/experiments/{experiment_id}", { invalidates: ["/v1/experiments"], removes: "/v1/experiments/{experiment_id}" });
  const submit = () => remove.mutate({ path: { experiment_id: experiment.id } }, { onSuccess: () => { toast("The draft is gone"); void navigate({ to: "/experiments" }); } }); // prettier-ignore
  return (
    <ConfirmDialog open={open} onOpenChange={(on) => on || onClose()} title="Throw this draft away?" submit="Throw it away" onSubmit={submit} busy={remove.isPending} error={remove.error}>
      Nobody got anything of it. It cannot be brought back.
    </ConfirmDialog>
  );
}

function Advance({ experiment: now, onClose }: Asked) {
  // As it was when it was asked: a rollout that went on meanwhile takes no second step by the same press.
  const [experiment] = useState(now);
  const advance = useChange("post", "/v1/experiments/{experiment_id}/advance", { invalidates: OLD });
  const next = experiment.rollout?.steps?.[(experiment.step ?? 0) + 1];
  const submit = () => advance.mutate({ path: { experiment_id: experiment.id }, body: { revision: experiment.revision } }, { onSuccess: () => { onClose(); toast(`The candidate gets ${shareWords(next)}`); } }); // prettier-ignore
  return (
    <ConfirmDialog open onOpenChange={(on) => on || onClose()} title={`Go to ${shareWords(next)} now?`} submit="Take the next step" danger={false} onSubmit={submit} busy={advance.isPending} error={advance.error}>
      Without waiting for the rest of this step. Guardrails go on watching.
    </ConfirmDialog>
  );
}

function RollBack({ experiment, open, onClose }: Part) {
  const [reason, setReason] = useState("");
  const rollback = useChange("post", "/v1/experiments/{experiment_id}/rollback", { invalidates: OLD });
  const submit = () => rollback.mutate({ path: { experiment_id: experiment.id }, body: { revision: experiment.revision, reason: reason.trim() } }, { onSuccess: () => { onClose(); toast("Taken back: nobody gets the candidate any more"); } }); // prettier-ignore
  return (
    <FormDialog open={open} onOpenChange={(on) => on || onClose()} title="Take the candidate back?" description={`Within a second everybody gets what ${experiment.label} names. The rollout is over.`} submit="Roll back" danger onSubmit={submit} busy={rollback.isPending} error={rollback.error}>
      <Field label="Reason">
        <Textarea autoFocus value={reason} maxLength={2000} onChange={(event) => setReason(event.target.value)} placeholder="Complaints about the tone" />
      </Field>
    </FormDialog>
  );
}

function Promote({ experiment, open, onClose }: Part) {
  const promote = useChange("post", "/v1/experiments/{experiment_id}/promote", { invalidates: OLD });
  const winner = liveArms(experiment).find((one) => one.name === experiment.winner);
  const queries = useQueryClient();
  // What a protected label lacks is written down, and a version that was saved for it: the page behind the dialog shows both.
  const submit = () => promote.mutate({ path: { experiment_id: experiment.id } }, { onSuccess: (made) => { onClose(); toast(shippedWords(made)); }, onError: () => void invalidate(queries, OLD) }); // prettier-ignore
  return (
    <ConfirmDialog open={open} onOpenChange={(on) => on || onClose()} title={`Ship ${experiment.winner ?? ""}?`} submit={`Move ${experiment.label}`} danger={false} onSubmit={submit} busy={promote.isPending} error={promote.error}>
      {winner?.model ? `A version with ${winner.model} is saved on top of v${winner.version ?? ""}, where there is none, and ${experiment.label} moves to it` : `${experiment.label} moves to v${winner?.version ?? ""}`}: everybody gets it. Moving the label back undoes it.
    </ConfirmDialog>
  );
}
