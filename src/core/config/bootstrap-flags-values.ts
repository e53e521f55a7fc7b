/** How the values of bootstrap.sh's flags are read: each reader gives the value, or says what is wrong and what to do. Nothing is asked of the world. */
import { bytesOfBase64, textOfUtf8 } from '../base64.ts';
import { certificatesOf } from '../certificate.ts';
import { unitCannotCarry } from '../formats/unit.ts';
import { addressAt, addressOf, cidrOf, cidrText } from '../kubelet/cidr.ts';
import type { ContainerRuntime, IpFamily } from '../spec.ts';

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

type Reading<T> = { readonly value: T; readonly fault?: never } | { readonly fault: Fault; readonly value?: never };
export type Reader<T> = (text: string) => Reading<T>;

const value = <T>(of: T): Reading<T> => ({ value: of });
const fault = (code: string, message: string, remedy: string): Reading<never> => ({ fault: { code, message, remedy } });

const LONGEST_SHOWN = 60;

const ESCAPES: { readonly [char: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };
const escaped = (char: string): string => ESCAPES[char] ?? `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** A value as it stands in a message: in quotes, control and invisible characters as escapes, not longer than a line. */
export const shown = (text: string): string => {
  const short = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  return `'${short.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)}'`;
};

/** Windows line ends in user data put a carriage return behind the last value of each line; else the usual advice. */
const remedyFor = (text: string, usual: string): string =>
  text.endsWith('\r') ? 'Remove the carriage returns from the user data: it has Windows line ends.' : usual;

const isAscii = (text: string): boolean => /^[!-~]*$/.test(text);

/** What is wrong with an API server's URL, as a sentence; undefined: nothing. */
export const urlFaultOf = (text: string): string | undefined => {
  // The URL parser trims and drops what a kubeconfig would keep, so the characters are looked at first.
  const url = isAscii(text) && !/["'<>\\^`{|}]/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^[a-z]+:\/\/[^/]/i.test(text)) return `${shown(text)} is not a URL`;
  if (url.username !== '' || url.password !== '') return 'the URL holds a user name or password';
  if (url.protocol !== 'https:') return `${shown(text)} is not an https URL`;
  if (/[?#]/.test(text)) return `${shown(text)} has a query or a fragment`;
  return undefined;
};

export const readUrl: Reader<string> = (text) => {
  const message = urlFaultOf(text);
  return message === undefined
    ? value(text)
    : fault('invalid-url', message, remedyFor(text, 'Give the endpoint as EKS shows it: https://….eks.amazonaws.com'));
};

const CA_REMEDY = 'Use the value of `aws eks describe-cluster --query cluster.certificateAuthority.data`.';

/** base64 of a PEM bundle; line breaks in the base64 are dropped. Whether it has expired is asked later, when the clock is known. */
export const readCertificateAuthority: Reader<string> = (text) => {
  const compact = text.replace(/\s+/g, '');
  if (text.includes('-----BEGIN')) return fault('invalid-base64', 'this is PEM, not base64 of it', 'Encode it: base64 -w0 ca.crt');
  const bytes = bytesOfBase64(compact);
  if (bytes === undefined) return fault('invalid-base64', `${shown(text)} is not base64`, CA_REMEDY);
  const pem = textOfUtf8(bytes);
  if (pem === undefined) return fault('not-pem', 'the certificate authority holds no PEM block (-----BEGIN CERTIFICATE-----)', CA_REMEDY);
  const certificates = certificatesOf(pem);
  return 'code' in certificates ? fault(certificates.code, `the certificate authority ${certificates.message}`, CA_REMEDY) : value(compact);
};

export const readIps: Reader<readonly string[]> = (text) => {
  const ips = text.split(',').map((ip) => ip.trim());
  const wrong = ips.find((ip) => addressOf(ip) === undefined);
  if (wrong === undefined) return value(ips);
  return fault(
    'invalid-ip',
    `${shown(wrong)} is not an IP address`,
    remedyFor(text, 'Give one address, or several with commas between: 10.100.0.10'),
  );
};

const EXAMPLE: { readonly [family in IpFamily]: string } = { ipv4: '10.100.0.0/16', ipv6: 'fd00:1234:5678::/108' };

const readCidr =
  (family: IpFamily): Reader<string> =>
  (text) => {
    const cidr = cidrOf(text);
    const remedy = `Give the service CIDR of the cluster, as in ${EXAMPLE[family]}.`;
    if (cidr === undefined) return fault('invalid-cidr', `${shown(text)} is not a CIDR block`, remedyFor(text, remedy));
    if (cidr.family !== family)
      return fault('invalid-cidr', `${shown(text)} is not an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} CIDR block`, remedy);
    if (cidr.address.bits !== cidr.network.bits) {
      return fault('invalid-cidr', `${shown(text)} has bits set behind its prefix`, `Did you mean ${cidrText(cidr)}?`);
    }
    if (addressAt(cidr, 10) === undefined)
      return fault('invalid-cidr', `${shown(text)} is too small: it has no address 10 for the cluster DNS`, remedy);
    return value(text);
  };
export const readIpv4Cidr = readCidr('ipv4');
export const readIpv6Cidr = readCidr('ipv6');

/** `true` or `false`, exactly. `was`: what bootstrap.sh made of anything else. */
const booleanReader =
  (was: string): Reader<boolean> =>
  (text) => {
    if (text === 'true' || text === 'false') return value(text === 'true');
    return fault(
      'invalid-boolean',
      `${shown(text)} is neither true nor false; bootstrap.sh ${was}`,
      remedyFor(text, 'Write true or false, in lower case.'),
    );
  };
export const readBoolean = booleanReader('took it for false');
export const readDockerBridge = booleanReader('ran it as a command');

export const readRetryAttempts: Reader<number> = (text) =>
  /^\d{1,3}$/.test(text) && Number(text) <= 100
    ? value(Number(text))
    : fault(
        'invalid-number',
        `${shown(text)} is not a whole number from 0 to 100`,
        remedyFor(text, 'Give how often a failed call is tried again: 3'),
      );

export const readIpFamily: Reader<IpFamily> = (text) => {
  const family = text.toLowerCase();
  if (family === 'ipv4' || family === 'ipv6') return value(family);
  return fault(
    'invalid-ip-family',
    'Invalid --ip-family. Only ipv4 or ipv6 are allowed',
    remedyFor(text, `Write ipv4 or ipv6 instead of ${shown(text)}.`),
  );
};

/** One of the words. */
export const readWord =
  <const T extends string>(words: readonly T[]): Reader<T> =>
  (text) => {
    const word = words.find((candidate) => candidate === text);
    const list = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
    return word === undefined
      ? fault('invalid-value', `${shown(text)} is not one of ${words.join(', ')}`, remedyFor(text, `Write ${list}.`))
      : value(word);
  };

export const CONTAINER_RUNTIMES = ['dockerd', 'containerd'] as const satisfies readonly ContainerRuntime[];

/** Whether the kubelet knows dockerd is asked later, when its version is known. */
export const readContainerRuntime: Reader<ContainerRuntime> = (text) => {
  const runtime = CONTAINER_RUNTIMES.find((word) => word === text);
  if (runtime !== undefined) return value(runtime);
  const remedy = text === 'docker' ? 'Did you mean dockerd?' : 'Write containerd, or dockerd for a kubelet before 1.24.';
  return fault('unsupported-runtime', `unsupported container runtime: ${shown(text)}`, remedyFor(text, remedy));
};

export const readAccount: Reader<string> = (text) =>
  /^\d{12}$/.test(text)
    ? value(text)
    : fault(
        'invalid-account',
        `${shown(text)} is not an AWS account number`,
        remedyFor(text, 'Give the 12 digits of the account, in quotes: a leading zero counts.'),
      );

export const readImageTag: Reader<string> = (text) =>
  /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(text)
    ? value(text)
    : fault('invalid-tag', `${shown(text)} is not an image tag`, remedyFor(text, 'Give the tag alone, as in 3.5.'));

/** `host[:port]/path` without tag or digest: the tag is appended. */
export const readRepository: Reader<string> = (text) => {
  const REPOSITORY =
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})(?::\d{1,5})?\/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
  if (text.length <= 255 && REPOSITORY.test(text)) return value(text);
  const hasTag = /(?::[^/]*|@.*)$/.test(text);
  const remedy = hasTag
    ? 'Leave the tag out: it comes from --pause-container-version.'
    : 'Give host and path, as in 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause.';
  return fault('invalid-image', `${shown(text)} is not an image repository`, remedyFor(text, remedy));
};

/** U+FFFD stands for bytes that are no UTF-8: which file was meant is lost. */
const isPlainPath = (text: string): boolean =>
  [...text].every((character) => character >= ' ' && (character < '\x7f' || character > '\x9f') && character !== '\uFFFD');
const notPlainPath = (text: string) => {
  const what = text.includes('\uFFFD') ? 'bytes that are not UTF-8' : 'a control character';
  return fault('invalid-path', `${shown(text)} holds ${what}`, remedyFor(text, 'Give a plain path.'));
};

/** A path on the node. */
export const readPath: Reader<string> = (text) => {
  if (!isPlainPath(text)) return notPlainPath(text);
  return text.startsWith('/')
    ? value(text)
    : fault('invalid-path', `${shown(text)} is not an absolute path`, 'Give the whole path, from / on.');
};

/** A path where we run; relative ones count from there. */
export const readLocalPath: Reader<string> = (text) => (isPlainPath(text) ? value(text) : notPlainPath(text));

/**
 * Extra arguments stay as they were typed, but for a backslash at a line's end: systemd joined such lines with a space when the old
 * script wrote them into the unit, and user data in single quotes relies on it. Any other line break used to cut the unit in two.
 */
export const readExtraArgs: Reader<string> = (text) => {
  const joined = text.replace(/\\\r?\n/g, ' ');
  if (joined.includes('\0')) return fault('invalid-extra-args', 'the extra arguments hold a NUL character', 'Remove it.');
  // Bytes that are no UTF-8 arrive as U+FFFD: what the user typed is lost, and this would reach the kubelet instead.
  if (joined.includes('\uFFFD'))
    return fault(
      'invalid-extra-args',
      'the extra arguments hold bytes that are not UTF-8',
      'Save the user data as UTF-8, or write the arguments in ASCII.',
    );
  if (/[\n\r]/.test(joined))
    return fault(
      'invalid-extra-args',
      'the extra arguments hold a line break',
      remedyFor(text, 'Write them on one line, or end each line with a backslash.'),
    );
  if (unitCannotCarry(joined))
    return fault('invalid-extra-args', 'the extra arguments hold a control character, which a systemd unit cannot carry', 'Remove it.');
  return value(joined);
};

/** Taken as it is: nothing of it reaches a file, or it is looked at later. */
export const readAnything: Reader<string> = (text) => value(text);

/** Names that EKS gives to clusters. */
export const readClusterName: Reader<string> = (text) =>
  /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/.test(text)
    ? value(text)
    : fault(
        'invalid-cluster-name',
        `${shown(text)} is not a cluster name`,
        remedyFor(text, 'A name has up to 100 letters, digits, hyphens and underscores, and begins with a letter or digit.'),
      );

/** EKS gives such a cluster a UUID; anything that could be a name is taken. */
export const readClusterId: Reader<string> = (text) =>
  readClusterName(text).value === undefined
    ? fault(
        'invalid-cluster-id',
        `${shown(text)} is not a cluster id`,
        remedyFor(text, 'Use the value of `aws eks describe-cluster --query cluster.id`.'),
      )
    : value(text);

/** What is written and then checked on the node. */
export const readVerify: Reader<'none' | 'started' | 'joined'> = (text) => {
  if (text === 'none' || text === 'started' || text === 'joined') return value(text);
  return fault('invalid-value', `${shown(text)} is not one of none, started, joined`, remedyFor(text, 'Write none, started or joined.'));
};
