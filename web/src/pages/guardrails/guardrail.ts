/** Guardrails in words, and as a form holds them: text that somebody types. Pure. */
import type { Schema } from "@/api/client";
import { errorFor } from "@/kit/Field";

export type Guardrail = Schema<"GuardrailAnswer">;
export type Settings = Schema<"NewGuardrail">["settings"];
export type Kind = Settings["kind"];
export type Side = Guardrail["sides"][number];
export type Pattern = Schema<"OwnPattern">;
export type PersonalKind = NonNullable<Schema<"PersonalData">["kinds"]>[number];
export type StoredKind = NonNullable<Schema<"Masking">["kinds"]>[number];
export type LanguageCode = Schema<"Language">["languages"][number];

type KindWords = { kind: Kind; name: string; /** What it does, for somebody who has never heard of it. */ does: string };

export const KINDS: readonly KindWords[] = [
  { kind: "personal_data", name: "Personal data", does: "Finds e-mail addresses, phone and card numbers, IBANs, IP addresses and what your own patterns find. Masked, the model reads [EMAIL_1] and the caller the address again." },
  { kind: "secrets", name: "Keys and passwords", does: "Finds keys of common providers, private keys, tokens, “password: …” and long strings that look drawn by lot." },
  { kind: "deny", name: "Words that must not be said", does: "Stops a text that holds one of your phrases as whole words, or what a pattern of yours finds." },
  { kind: "injection", name: "Attempts to override instructions", does: "Stops known ways to talk a model out of its instructions, in English, German, French and Spanish. It knows phrases, not intentions: whoever finds other words gets through." },
  { kind: "size", name: "Length", does: "Stops what is longer than you allow." },
  { kind: "language", name: "Language", does: "Stops a text in another language. A text too short to tell passes." },
  { kind: "code", name: "Your own check", does: "Runs your code over the text, in a sandbox without network or files of yours. True, or a score from 0.5, passes." },
];
export const KIND_NAMES = Object.fromEntries(KINDS.map((one) => [one.kind, one.name])) as Record<Kind, string>;

export const PERSONAL: Record<PersonalKind, string> = { email: "E-mail addresses", phone: "Phone numbers", card: "Card numbers", iban: "IBANs", ip: "IP addresses" };
export const STORED: Record<StoredKind, string> = { ...PERSONAL, secret: "Keys and passwords" };
export const PERSONAL_KINDS = Object.keys(PERSONAL) as PersonalKind[];
export const STORED_KINDS = Object.keys(STORED) as StoredKind[];

export const LANGUAGES: Record<LanguageCode, string> = {
  ar: "Arabic", de: "German", el: "Greek", en: "English", es: "Spanish", fr: "French", he: "Hebrew", hi: "Hindi", it: "Italian", ja: "Japanese", ko: "Korean", nl: "Dutch", pl: "Polish", pt: "Portuguese",
  ru: "Russian", th: "Thai", zh: "Chinese",
}; // prettier-ignore

export const SIDES: Record<Side, string> = { in: "what goes to the model", out: "what comes back" };

export type Draft = {
  name: string;
  prompts: string[];
  sides: Side[];
  active: boolean;
  kind: Kind;
  kinds: PersonalKind[];
  patterns: Pattern[];
  action: "mask" | "block";
  /** A phrase a line. */
  phrases: string;
  ignoreCase: boolean;
  characters: string;
  tokens: string;
  languages: LanguageCode[];
  language: "python" | "wasm";
  code: string;
  onFailure: "block" | "pass";
};

const CODE = '"refund" not in output.lower()';

export function draftOf(guardrail: Guardrail | null): Draft {
  const of = (guardrail?.settings ?? {}) as Record<string, never>;
  return {
    name: guardrail?.name ?? "",
    prompts: guardrail?.prompts ?? [],
    sides: guardrail?.sides ?? ["in"],
    active: guardrail?.active ?? true,
    kind: of["kind"] ?? "personal_data",
    kinds: of["kinds"] ?? [...PERSONAL_KINDS],
    patterns: of["patterns"] ?? [],
    action: of["action"] ?? "mask",
    phrases: ((of["phrases"] ?? []) as string[]).join("\n"),
    ignoreCase: of["ignore_case"] ?? true,
    characters: text(of["most_characters"]),
    tokens: text(of["most_tokens"]),
    languages: of["languages"] ?? ["en"],
    language: of["language"] ?? "python",
    code: of["code"] ?? CODE,
    onFailure: of["on_failure"] ?? "block",
  };
}

const text = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));
const lines = (typed: string) => typed.split("\n").map((one) => one.trim()).filter(Boolean);
const whole = (typed: string) => (typed.trim() === "" ? null : Number(typed));

/** The sides that a kind can look at: attempts to override instructions are written by callers alone. */
export function sidesOf(draft: Draft): Side[] {
  return draft.kind === "injection" ? ["in"] : draft.sides;
}

export function settingsOf(draft: Draft): Settings {
  const { kind, patterns } = draft;
  if (kind === "personal_data") return { kind, kinds: draft.kinds, patterns, action: draft.action };
  if (kind === "secrets") return { kind, action: draft.action };
  if (kind === "deny") return { kind, phrases: lines(draft.phrases), patterns, ignore_case: draft.ignoreCase };
  if (kind === "injection") return { kind, phrases: lines(draft.phrases) };
  if (kind === "size") return { kind, most_characters: whole(draft.characters), most_tokens: whole(draft.tokens) };
  if (kind === "language") return { kind, languages: draft.languages };
  return { kind, language: draft.language, code: draft.code, on_failure: draft.onFailure };
}

/** What is wrong, by field, as far as the form can tell; the API checks the rest. */
export function wrongIn(draft: Draft): Partial<Record<keyof Draft, string>> {
  const { kind } = draft;
  const isNumber = (typed: string) => /^\s*\d*\s*$/.test(typed) && typed.trim() !== "0";
  return {
    ...(sidesOf(draft).length > 0 ? {} : { sides: "Choose at least one way." }),
    ...(kind === "personal_data" && draft.kinds.length === 0 && draft.patterns.length === 0 ? { kinds: "Choose a kind, or write a pattern of your own." } : {}),
    ...(kind === "deny" && lines(draft.phrases).length === 0 && draft.patterns.length === 0 ? { phrases: "Write a phrase, or a pattern." } : {}),
    ...(kind === "size" && whole(draft.characters) === null && whole(draft.tokens) === null ? { characters: "Say how many characters or tokens at most." } : {}),
    ...(kind === "size" && !isNumber(draft.characters) ? { characters: "A whole number above 0, or nothing." } : {}),
    ...(kind === "size" && !isNumber(draft.tokens) ? { tokens: "A whole number above 0, or nothing." } : {}),
    ...(kind === "language" && draft.languages.length === 0 ? { languages: "Choose at least one language." } : {}),
    ...(kind === "code" && draft.code.trim() === "" ? { code: "Write the check." } : {}),
    // One that was just added is not at fault yet: it only keeps the rule from being whole.
    ...(draft.patterns.some((one) => !one.name || !one.pattern) && (kind === "personal_data" || kind === "deny") ? { patterns: draft.patterns.some((one) => Boolean(one.name) !== Boolean(one.pattern)) ? "Each pattern needs a name and an expression." : "" } : {}),
  };
}

/** What the API said of one field of the settings, whether it came from the shape or from looking at it. */
export function faultOf(error: unknown, kind: string, field: string): string | undefined {
  return errorFor(error, `settings.${field}`) ?? errorFor(error, `settings.${kind}.${field}`);
}

/** "Masks e-mail addresses and IBANs" */
export function does({ settings }: Pick<Guardrail, "settings">): string {
  const draft = draftOf({ settings, name: "", prompts: [], sides: [], active: true } as unknown as Guardrail);
  const own = draft.patterns.map((one) => one.name);
  const act = draft.action === "mask" ? "Masks" : "Stops";
  if (draft.kind === "personal_data") return `${act} ${listed([...draft.kinds.map((one) => (one === "ip" || one === "iban" ? PERSONAL[one] : PERSONAL[one].toLowerCase())), ...own])}`;
  if (draft.kind === "secrets") return `${act} keys and passwords`;
  if (draft.kind === "deny") return `Stops ${listed([...some(lines(draft.phrases)), ...own])}`;
  if (draft.kind === "injection") return "Stops known attempts to override instructions";
  if (draft.kind === "size") return `Stops more than ${listed([whole(draft.characters) === null ? "" : `${draft.characters} characters`, whole(draft.tokens) === null ? "" : `${draft.tokens} tokens`].filter(Boolean), "or")}`;
  if (draft.kind === "language") return `Stops all but ${listed(draft.languages.map((one) => LANGUAGES[one]))}`;
  return `Stops what your ${draft.language === "python" ? "Python" : "WebAssembly"} does not let pass`;
}

const SHOWN = 3;

function some(phrases: readonly string[]): string[] {
  const shown = phrases.slice(0, SHOWN).map((one) => `“${one}”`);
  return phrases.length > SHOWN ? [...shown, `${phrases.length - SHOWN} more`] : shown;
}

function listed(words: readonly string[], last = "and"): string {
  return words.length < 2 ? (words[0] ?? "nothing") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1) ?? ""}`;
}

const MASK = /(\[[A-Z][A-Z0-9_]*\])/;

/** A text in pieces, so that what stands in place of something can be marked. */
export function pieces(of: string): { text: string; isMask: boolean }[] {
  return of.split(MASK).filter(Boolean).map((part) => ({ text: part, isMask: MASK.test(part) }));
}

/** "2 e-mail addresses, 1 card number" */
export function maskedWords(masked: Record<string, number>): string {
  return Object.entries(masked).map(([kind, n]) => `${n} × ${kind.toLowerCase().replaceAll("_", " ")}`).join(", ");
}
