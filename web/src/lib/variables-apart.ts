/** The variables of a run and what was attached to them, apart, as they are given in the playground. Pure. */
import { type Attached, PICTURES, type Part, heldIn, isHeld, newId, takenApart } from "./attached";
import type { PromptTemplate, Variable } from "./template";

/** A picture as it is sent, or how the books name one that they did not keep (shared/burnish_shared/omitted.py). */
const PICTURE = /^(?:data:image\/[\w.+-]{1,80}[^,]{0,250};base64,|omitted:image\/[^;]{0,100};bytes=\d{1,12};sha256=)/;
/** A whole text that is the name of a file that is not here, by itself or in JSON. */
const NAME_ALONE = /(?:^|")omitted:[^;"]{0,100};bytes=\d{1,12};sha256=[\da-f]{64}(?:$|")/;

export const isPicture = (value: unknown): value is string => typeof value === "string" && PICTURE.test(value);

/** Whether a file stood there that was not kept: its name is nothing to be sent. */
export const holdsLost = (text: string) => NAME_ALONE.test(text);

export const ofPicture = (url: string): Part => ({ type: "image_url", image_url: { url } });

/** Whether a picture can be its value: as one, or as the text that a picture is sent as. */
export const takesPicture = (type: Variable["type"]) => type === "image_url" || type === "string" || type === null;

/** Whether it can be attached here, and is sent as it was. */
function canBeAttached(url: string): boolean {
  const { kind, picture, isLost } = heldIn(ofPicture(url));
  return picture !== null || (isLost && (PICTURES as readonly string[]).includes(kind));
}

/** `files`: by the name of a variable, with a dot where it stands within another: what a variable or placeholder of `template` takes back. `values`:
 * what is left, which can be typed; all, where nobody knows the template. */
export function variablesApart(variables: Record<string, unknown>, template: PromptTemplate | null): { values: Record<string, unknown>; files: Record<string, readonly Attached[]> } {
  const files: Record<string, readonly Attached[]> = {};
  const left = (path: readonly string[], value: unknown): unknown => {
    const name = path.join(".");
    const found = template?.variables.get(name);
    const variable = found?.path.length === path.length ? found : undefined;
    if (isPicture(value) && variable && takesPicture(variable.type) && canBeAttached(value)) {
      const part = ofPicture(value);
      files[name] = [{ id: newId(), name: heldIn(part).name, part }];
      return undefined;
    }
    if (Array.isArray(value) && value.some(hasFiles) && path.length === 1 && template?.placeholders.includes(name)) {
      const apart = messagesApart(value as Part[]);
      files[name] = apart.files;
      return apart.messages;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const entries = Object.entries(value);
    const rest = kept(entries.map(([key, one]) => [key, left([...path, key], one)]));
    return entries.length > 0 && Object.keys(rest).length === 0 && !variable ? undefined : rest;
  };
  return { values: kept(Object.entries(variables).map(([name, value]) => [name, left([name], value)])), files };
}

const kept = (entries: [string, unknown][]): Record<string, unknown> => Object.fromEntries(entries.filter(([, value]) => value !== undefined));

const hasFiles = (message: unknown) => Array.isArray((message as Part | null)?.content) && ((message as Part).content as unknown[]).some(isHeld);

/** Messages without their files, each of which knows where it stood. A last one of the user that was nothing but files is left out: they make it anew. */
function messagesApart(given: readonly Part[]): { messages: unknown[]; files: Attached[] } {
  const files: Attached[] = [];
  const messages = given.flatMap((message, index) => {
    if (!hasFiles(message)) return [message];
    const apart = takenApart(message.content);
    const { content: _, ...more } = message;
    const isMade = index === given.length - 1 && apart.text === "" && Object.keys(more).join() === "role" && more.role === "user";
    const isLast = index === given.length - 1 && more.role === "user";
    files.push(...apart.files.map((one) => (isLast ? one : { ...one, in: index })));
    return isMade ? [] : [{ ...message, content: apart.texts ?? apart.text }];
  });
  return { messages, files };
}
