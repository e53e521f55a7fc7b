/** Points in time as text. */

const digits = (value: number, count: number): string => String(value).padStart(count, '0');

/**
 * `2026-11-21T12:00:00.000Z`, as Date.toISOString() writes the years 0 to 9999. That one first asks ICU for the local time zone and its
 * name (V8 13.6, ToDateString), though it prints neither: 2 MiB that a first boot reads from a cold disk.
 */
export const timestampOf = (date: Date): string => {
  const day = `${digits(date.getUTCFullYear(), 4)}-${digits(date.getUTCMonth() + 1, 2)}-${digits(date.getUTCDate(), 2)}`;
  const time = `${digits(date.getUTCHours(), 2)}:${digits(date.getUTCMinutes(), 2)}:${digits(date.getUTCSeconds(), 2)}`;
  return `${day}T${time}.${digits(date.getUTCMilliseconds(), 3)}Z`;
};
