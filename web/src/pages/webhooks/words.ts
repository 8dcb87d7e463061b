/** What the states of endpoints and deliveries are called. */
import type { Schema } from "@/api/client";
import type { Tone } from "@/kit";
import { count } from "@/lib/format";
import type { Endpoint } from "./draft";

export type Delivery = Schema<"DeliveryAnswer">;

export const STATUSES = [
  { value: "pending", label: "Waiting" },
  { value: "delivered", label: "Delivered" },
  { value: "exhausted", label: "Dead letters" },
  { value: "cancelled", label: "Cancelled" },
] as const;

/** One word for a delivery, and how good it is. */
export function standingOf(delivery: Pick<Delivery, "status" | "attempts">): { word: string; tone: Tone } {
  if (delivery.status === "delivered") return { word: "delivered", tone: "ok" };
  if (delivery.status === "exhausted") return { word: "dead letter", tone: "bad" };
  if (delivery.status === "cancelled") return { word: "cancelled", tone: "neutral" };
  return delivery.attempts > 0 ? { word: "trying again", tone: "warn" } : { word: "waiting", tone: "neutral" };
}

const REASONS: Record<string, string> = {
  gone: "the receiver said that it is gone (410)",
  endpoint_disabled: "its endpoint was off",
  endpoint_deleted: "its endpoint was deleted",
  restored: "a backup was restored, and it may have been sent before",
  aborted_by_receiver: "the receiver wants it no more",
  dismissed: "somebody gave the dead letter up",
  http_status: "no answer was a success",
  timeout: "no answer in time",
  not_sent: "it could not be made here: the key-encryption key may be another one (the log of the webhooks service says why)",
};

/** Why a delivery ended undelivered, or an attempt failed. */
export function reasonOf(reason: string): string {
  return REASONS[reason] ?? reason.replaceAll("_", " ");
}

const RESTING: Record<NonNullable<Endpoint["resting_reason"]>, string> = {
  failures_in_a_row: "Ten attempts in a row did not arrive.",
  share_of_failures: "Most attempts of five minutes did not arrive.",
  failed_again: "The try after the last pause failed again, so this pause is longer.",
};

/** Why an endpoint rests. An API of the release before does not say. */
export function whyResting(reason: Endpoint["resting_reason"] | undefined): string {
  return reason ? RESTING[reason] : "Too many attempts did not arrive.";
}

/** So many failures in a row are no accident: from here on it is tried one delivery at a time. */
const FAILING_FROM = 3;

type Health = Pick<Endpoint, "status" | "resting_until" | "delivered_count"> & Partial<Pick<Endpoint, "failed_in_a_row">>;

/** Whether it is left in peace at `nowMs`, because it failed too often. */
export function isResting({ status, resting_until }: Pick<Endpoint, "status" | "resting_until">, nowMs: number): boolean {
  return status === "active" && Boolean(resting_until) && Date.parse(resting_until ?? "") > nowMs;
}

/** One word for an endpoint. */
export function stateOfEndpoint(endpoint: Health, nowMs: number): { word: string; tone: Tone } {
  if (endpoint.status === "disabled") return { word: "disabled", tone: "bad" };
  if (endpoint.status === "paused") return { word: "paused", tone: "neutral" };
  const failed = endpoint.failed_in_a_row ?? 0;
  const isFailing = failed >= FAILING_FROM || (failed > 0 && endpoint.delivered_count === 0);
  return isResting(endpoint, nowMs) || isFailing ? { word: "failing", tone: "warn" } : { word: "active", tone: "ok" };
}

/** How many attempts failed since the last that arrived; null where none did. An API of the release before does not say. */
export function lastFailed({ failed_in_a_row = 0 }: Partial<Pick<Endpoint, "failed_in_a_row">>): string | null {
  if (failed_in_a_row === 0) return null;
  return failed_in_a_row === 1 ? "The last attempt failed" : `The last ${count(failed_in_a_row)} attempts failed`;
}

/** What an endpoint is called: what somebody said of it, else its host. */
export function nameOf(endpoint: Pick<Endpoint, "url" | "description">): string {
  if (endpoint.description) return endpoint.description;
  try {
    return new URL(endpoint.url).host;
  } catch {
    return endpoint.url;
  }
}

/** What a delivery waits for that is not sent yet; null where it is sent at its next try, or has ended. */
export function waitsFor(delivery: Pick<Delivery, "waits_for">): string | null {
  if (delivery.waits_for === "endpoint_paused") return "until its endpoint is resumed";
  if (delivery.waits_for === "endpoint_resting") return "until its endpoint is tried again";
  return null;
}

/** The share of attempts that arrived, since the endpoint was made; null where there was none. */
export function shareOf(endpoint: Pick<Endpoint, "delivered_count" | "failed_count">): number | null {
  const all = endpoint.delivered_count + endpoint.failed_count;
  return all === 0 ? null : endpoint.delivered_count / all;
}

const DAY_MS = 86_400_000;

type Day = { day: string; delivered: number; failed: number };

/** A row for each day of the last `days` (UTC), also where nothing happened. */
export function everyDay<D extends Day>(found: readonly D[], days: number, nowMs: number): { at: number; delivered: number; failed: number }[] {
  const byDay = new Map(found.map((one) => [one.day, one]));
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  return Array.from({ length: days }, (_, index) => {
    const at = today - (days - 1 - index) * DAY_MS;
    const one = byDay.get(new Date(at).toISOString().slice(0, 10));
    return { at, delivered: one?.delivered ?? 0, failed: one?.failed ?? 0 };
  });
}
