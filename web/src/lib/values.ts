/** From what somebody typed to what is sent for the variables of a prompt. Pure. */
import { type Attached, type Files, IN_VARIABLES_MOST, faultOf, filesOf, heldIn, withFiles } from "./attached";
import { own } from "./own";
import { type Json, type PromptTemplate, type Variable, hasType, typeOf, valueAt } from "./template";
import { holdsLost, takesPicture } from "./variables-apart";

export type Values = { values: Record<string, Json>; missing: string[]; faults: Record<string, string> };

/** What goes to a prompt. Empty is not given: the default holds, or it is missing. */
export function valuesFor(template: PromptTemplate, texts: Readonly<Record<string, string>>): Values {
  const found: Values = { values: {}, missing: [], faults: {} };
  const take = (name: string, path: readonly string[], type: Variable["type"], needed: boolean) => {
    const text = own(texts, name) ?? "";
    if (text === "") {
      if (needed) found.missing.push(name);
      return;
    }
    const read = readValue(text, type);
    if ("fault" in read) found.faults[name] = read.fault;
    else put(found.values, path, read.value);
  };
  for (const variable of template.variables.values()) take(variable.name, variable.path, variable.type, variable.default === undefined);
  for (const name of template.placeholders) take(name, [name], "array", template.required.includes(name));
  return found;
}

export const NO_PICTURE = "An http(s) address of a picture (png, jpeg, gif, webp).";

export const NOT_KEPT = "The file that stood here was not kept. Put it in again, or clear this.";

export function readValue(text: string, type: Variable["type"]): { value: Json } | { fault: string } {
  if (holdsLost(text)) return { fault: NOT_KEPT };
  if (type === null || type === "string") return { value: text };
  if (type === "image_url") return hasType(text, type) ? { value: text } : { fault: NO_PICTURE };
  try {
    const value = JSON.parse(text) as Json;
    return typeOf(value) === type ? { value } : { fault: `This is ${typeOf(value)}, not ${type}.` };
  } catch {
    // Told below.
  }
  return { fault: type === "number" ? "A number, such as 3 or 0.5." : type === "boolean" ? "true or false." : type === "array" ? "A list as JSON: […]" : "An object as JSON: {…}" };
}

/** The same with what was attached: a picture for a variable that is one, or that had one in a run that is repeated, and files for a placeholder: in
 * the message where they stood, else in the last where the user says it, else in one of their own. */
export function withAttached<Of extends Values>(found: Of, template: PromptTemplate, files: Files): Of {
  if (Object.keys(files).length === 0) return found;
  const next = { ...found, values: structuredClone(found.values), missing: [...found.missing], faults: { ...found.faults } };
  const given: Attached[] = [];
  const take = (name: string, path: readonly string[], value: Json, those: readonly Attached[]) => {
    put(next.values, path, value);
    next.missing = next.missing.filter((one) => one !== name);
    given.push(...those);
    // All pictures and files of a call count together.
    const fault = faultOf(those, IN_VARIABLES_MOST) ?? faultOf(given.filter((one) => !heldIn(one.part).isLost), IN_VARIABLES_MOST);
    if (fault) next.faults[name] = fault;
  };
  for (const [name, { path, type }] of template.variables) {
    const [picture] = takesPicture(type) ? filesOf(files, name) : [];
    if (!picture || (type !== "image_url" && valueAt(path, found.values) !== undefined)) continue;
    const { picture: data, address, isLost } = heldIn(picture.part);
    const value = data ?? address;
    delete next.faults[name];
    if (value === null && !isLost && !picture.isComing) {
      next.missing = next.missing.filter((one) => one !== name);
      next.faults[name] = NO_PICTURE;
    } else take(name, path, value ?? "", filesOf(files, name));
  }
  for (const name of template.placeholders) {
    const those = filesOf(files, name);
    if (those.length > 0 && !own(next.faults, name)) take(name, [name], withTheirFiles((own(next.values, name) ?? []) as Message[], those), those);
  }
  return next;
}

type Message = Record<string, Json>;

function withTheirFiles(messages: readonly Message[], files: readonly Attached[]): Message[] {
  const into = (message: Message, those: readonly Attached[]): Message => (those.length > 0 ? { ...message, content: withFiles(message.content ?? "", those) } : message);
  const isPlaced = (one: Attached) => one.in !== undefined && one.in < messages.length;
  const said = messages.map((message, index) => into(message, files.filter((one) => one.in === index)));
  const rest = files.filter((one) => !isPlaced(one));
  const last = said.at(-1);
  if (rest.length === 0) return said;
  return last?.role === "user" ? [...said.slice(0, -1), into(last, rest)] : [...said, into({ role: "user", content: "" }, rest)];
}

/** Whether files can be given for one of its variables. */
export function takesFiles(template: PromptTemplate): boolean {
  return template.placeholders.length > 0 || [...template.variables.values()].some((one) => one.type === "image_url");
}

function put(values: Record<string, Json>, path: readonly string[], value: Json): void {
  if (path.includes("__proto__")) return;
  let at = values;
  path.forEach((segment, index) => {
    if (index === path.length - 1) at[segment] = value;
    else {
      const known = own(at, segment);
      const next = typeof known === "object" && known !== null && !Array.isArray(known) ? known : {};
      at[segment] = next;
      at = next;
    }
  });
}
