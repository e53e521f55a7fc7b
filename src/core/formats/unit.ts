/**
 * systemd unit texts. Every value that a user or the world chose reaches a unit file through `environmentLine`.
 *
 * How systemd reads it back, in this order (systemd.syntax(7) "Quoting", systemd.exec(5) Environment=,
 * systemd.service(5) "Command lines"; the same from 219 on Amazon Linux 2 to today):
 *  1. quotes are removed and C escapes undone (`\\`, `\'`);
 *  2. specifiers are expanded: `%%` is a percent sign, `%n` the unit's name;
 *  3. `$` means nothing in Environment=;
 *  4. ExecStart's unbraced `$KUBELET_EXTRA_ARGS` is replaced by the value split at white space, where quotes in the value keep
 *     words together and are removed. What a user quoted inside the value therefore has to arrive there untouched.
 */

// By number: for names of properties V8 asks ICU, and a first boot reads 0.3 MiB more from a cold disk.
const NOT_CARRIED = new RegExp(
  `[\\0-\\x08\\x0a-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufdd0-\\ufdef${Array.from({ length: 17 }, (_, plane) => `\\u{${plane.toString(16)}fffe}\\u{${plane.toString(16)}ffff}`).join('')}]`,
  'u',
);

/**
 * Is this a value that no unit file can carry? Line ends, halves of surrogate pairs, and what Unicode says is no character:
 * systemd drops the whole line then. Other control characters would pass, but nobody means them.
 */
export const unitCannotCarry = (value: string): boolean => NOT_CARRIED.test(value);

/**
 * `Environment='NAME=value'`. Without quote, backslash or percent sign in the value these are the bytes bootstrap.sh wrote;
 * it escaped nothing, so that those three broke the line or came out as something else.
 */
export const environmentLine = (name: string, value: string): string => {
  if (unitCannotCarry(value)) throw new Error(`the value of ${name} holds a character that systemd takes in no form`);
  return `Environment='${name}=${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('%', '%%')}'`;
};

/** A drop-in that sets one variable of a service. */
export const environmentDropIn = (name: string, value: string): string => `[Service]\n${environmentLine(name, value)}\n`;

/** The value in a drop-in as `environmentDropIn` makes it; undefined: it is of another form. */
export const environmentValueIn = (dropIn: string): string | undefined =>
  /^\[Service\]\nEnvironment='\w+=([^\n]*)'\n$/
    .exec(dropIn)?.[1]
    ?.replace(/\\([\\'])/g, '$1')
    .replaceAll('%%', '%');

/** Regular expression (whole text) of every drop-in that `environmentDropIn`, or bootstrap.sh, writes for this variable. */
export const environmentDropInPattern = (name: string): string => `\\[Service\\]\\nEnvironment='${name}=[^\\n]*'\\n`;

/** NUL, halves of surrogate pairs, and what Unicode says is no character: no form of an assignment carries them. */
export const cannotAssign = (value: string): boolean => /\0|\p{Cs}|\p{Noncharacter_Code_Point}/u.test(value);

/**
 * `"NAME=value"` for Environment= and DefaultEnvironment= of systemd 252: C escapes are undone and `%%` is a percent sign in both. As
 * nodeadm writes it, which cuts off quotes at the end of a value.
 */
export const assignmentText = (name: string, value: string): string => {
  if (cannotAssign(value)) throw new Error(`the value of ${name} holds a character that systemd takes in no form`);
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${name}=${escaped.replaceAll('%', '%%')}"`;
};
