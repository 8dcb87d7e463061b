/** Days as people choose them, and the moments that the API takes. Pure. */

/** The last day that moments of the API have: until then is as good as no end. */
export const LAST_DAY = "9999-12-31";

/** When a day begins where somebody looks at it, or the one so many days later; nothing for what is no day,
 * such as one whose year is still being typed, and for what lies behind the last. */
export function dayBegins(day: string, later = 0): string | undefined {
  const [year, month, date] = /^[1-9]\d{3}-\d{2}-\d{2}$/.test(day) ? day.split("-").map(Number) : [];
  const begins = new Date(year ?? Number.NaN, (month ?? 0) - 1, (date ?? 0) + later);
  return Number.isNaN(begins.getTime()) || begins.getUTCFullYear() > 9999 ? undefined : begins.toISOString();
}

/** From the one day to the other, both whole. Days the wrong way round, as they stand while one is typed, hold nothing. */
export function betweenDays(from: string, until: string): { from: string | undefined; to: string | undefined } {
  return { from: dayBegins(from), to: from && until && until < from ? dayBegins(from) : dayBegins(until, 1) };
}
