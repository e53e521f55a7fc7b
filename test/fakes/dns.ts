/** A name server on loopback (RFC 1035, UDP): A and AAAA records, names that do not exist, and silence. */
import { createSocket } from 'node:dgram';

export interface FakeDns {
  /** `127.0.0.1:port`. */
  readonly server: string;
  /** By name in lower case. A name that is not there does not exist; null: no answer at all. */
  readonly records: Map<string, readonly string[] | null>;
  readonly questions: string[];
  close(): Promise<void>;
}

const TYPES = { A: 1, AAAA: 28 } as const;
const NXDOMAIN = 3;

/** `10.0.0.5` or `fd00::5` (one `::`, no dotted part) as bytes. */
const bytesOf = (address: string): Buffer => {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): string[] => text.split(':').filter(Boolean);
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0');
  return Buffer.from([...groups(head), ...zeros, ...groups(tail)].map((group) => group.padStart(4, '0')).join(''), 'hex');
};

/** The name in a question, and where it ends. */
const nameIn = (message: Buffer): { readonly name: string; readonly end: number } => {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
};

const answerTo = (message: Buffer, records: FakeDns['records'], questions: string[]): Buffer | undefined => {
  const { name, end } = nameIn(message);
  const type = message.readUInt16BE(end);
  questions.push(`${name} ${type}`);
  const found = records.get(name);
  if (found === null) return undefined;
  const addresses = (found ?? []).filter((address) => (address.includes(':') ? TYPES.AAAA : TYPES.A) === type);
  const head = Buffer.alloc(12);
  message.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180 | (found === undefined ? NXDOMAIN : 0), 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  const answers = addresses.map((address) => {
    const data = bytesOf(address);
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // the name of the question
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(60, 6);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, message.subarray(12, end + 4), ...answers]);
};

export const startDns = async (records: { readonly [name: string]: readonly string[] | null }): Promise<FakeDns> => {
  const socket = createSocket('udp4');
  const known = new Map(Object.entries(records));
  const questions: string[] = [];
  socket.on('message', (message, from) => {
    const answer = answerTo(message, known, questions);
    if (answer) socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    server: `127.0.0.1:${socket.address().port}`,
    records: known,
    questions,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
};
