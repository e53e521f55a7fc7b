/** Spans of time, for sentences. */

/** Seconds from one moment to another, both ISO 8601; 0 where one of them is none. */
export const secondsBetween = (from: string, to: string): number => {
  const ms = Date.parse(to) - Date.parse(from);
  return Number.isNaN(ms) ? 0 : ms / 1000;
};

const UNITS = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
] as const;

/** `45 s`, `3 min`, `5 h`, `38 days`; the sign is not told. */
export const spanText = (seconds: number): string => {
  const size = Math.abs(seconds);
  for (const [unit, length] of UNITS) {
    if (size < 2 * length) continue;
    const count = Math.floor(size / length);
    return `${count} ${unit}${unit === 'day' ? 's' : ''}`;
  }
  return `${Math.round(size)} s`;
};
