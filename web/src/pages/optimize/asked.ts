/** What is asked of searches that begin by themselves: the form's own, over what was asked for before and has no field in it. Pure. */
import { ApiError } from "@/api/errors";
import type { Method } from "./model";
import { type Body, type Search, searchOf } from "./search";

export type Asked = Partial<Body>;

const METHODS_WITH_PARTS: readonly Method[] = ["reflective", "evolutionary", "semantic", "learned", "few_shot", "compression", "settings", "manual"];

/** Of a part of the body, what this form has no field for: it stays as it was asked for over the API. */
export function without(part: object | null | undefined, ...shown: string[]) {
  return Object.fromEntries(Object.entries(part ?? {}).filter(([name, value]) => !shown.includes(name) && value !== null));
}

function methodOf(search: Search, made: Asked, before: Asked): Asked {
  const { method } = search;
  const part = made[method as keyof Body] as Record<string, unknown> | undefined;
  const was = before.method === method ? (before[method as keyof Body] as Record<string, unknown> | undefined) : undefined;
  if (!part || !was) return was ? { [method]: was } : {};
  const space = method === "settings" ? { space: { ...without(was["space"] as object, "temperature", "model"), ...(part["space"] as object) } } : {};
  return { [method]: { ...was, ...part, ...space } };
}

/** How to search; `task` and `reflect`: the models that answer and that propose, null for the usual ones. */
export function howOf(search: Search, { task, reflect }: { task: string | null; reflect: string | null }, before: Asked = {}): Asked {
  const made = searchOf(search);
  const constraints = { ...without(before.constraints, "changed_lines_most", "tokens_most", "anchors"), ...made.constraints };
  // A chain calls the models of its steps.
  const models = without({ task: search.chain ? null : task, reflect, judge: search.judge, variants: search.variants.length > 0 ? search.variants : null });
  return {
    ...without(before, "models", "metrics", "constraints", "seed", "chain", "start", "method", ...METHODS_WITH_PARTS),
    ...made,
    ...methodOf(search, made, before),
    ...(search.chain && before.chain?.slug === search.chain && before.chain.version ? { chain: { slug: search.chain, step: search.step, version: before.chain.version } } : {}),
    ...(Object.keys(constraints).length > 0 ? { constraints } : {}),
    ...(Object.keys(models).length > 0 ? { models } : {}),
  } as Asked;
}

/** The fields of a search are told by their own names, wherever it stands in a body, such as within `optimization.`. */
export function ofSearch(error: unknown, within: string): unknown {
  if (!(error instanceof ApiError) || !error.param?.startsWith(within)) return error;
  const message = error.message.startsWith(within) ? error.message.slice(within.length) : error.message;
  const own = new ApiError(error.status, { message, code: error.code, param: error.param.slice(within.length) });
  own.cause = error; // What its fields tell, the form need not.
  return own;
}
