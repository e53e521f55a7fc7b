/** A `systemctl` and a `journalctl` on a PATH of their own: they keep units in files, write down how they were called, and fail on request. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSystemd, type Deadlines, type Systemd } from '../../../src/node/systemd.ts';

const SYSTEMCTL = (dir: string): string => `#!/bin/sh
PATH=/usr/bin:/bin
cd '${dir}' || exit 9
echo "$*" >>calls
[ -e kill-at ] && [ "$(wc -l <calls)" -ge "$(cat kill-at)" ] && rm kill-at && kill -9 $PPID && exit 9
verb=$1; shift
[ -e "hang-$verb" ] && exec sleep 60
[ -e "fail-$verb" ] && { cat "fail-$verb" >&2; exit 1; }
units() { for word; do case $word in -*) ;; *) echo "$word" ;; esac; done; }
assign() { for u in $(units "$@"); do [ -e "units/$u" ] && sed -i "$pattern" "units/$u"; done; }
case $verb in
show) for u in $(units "$@"); do cat "units/$u" 2>/dev/null || echo 'LoadState=not-found'; echo; done ;;
start | restart) pattern='s/^ActiveState=.*/ActiveState=active/; s/^SubState=.*/SubState=running/' assign "$@" ;;
enable) pattern='s/^UnitFileState=.*/UnitFileState=enabled/' assign "$@" ;;
list-jobs) cat jobs 2>/dev/null ;;
esac
exit 0
`;

const JOURNALCTL = (dir: string): string => `#!/bin/sh
PATH=/usr/bin:/bin
echo "journalctl $*" >>'${dir}/calls'
cat '${dir}/journal' 2>/dev/null
exit 0
`;

export type Properties = Readonly<Record<string, string | number>>;

export interface FakeSystemd {
  /** For options that want a PATH. */
  readonly searchPath: string;
  readonly systemd: Systemd;
  readonly make: (options?: {
    deadlines?: Partial<Deadlines>;
    root?: string;
    live?: boolean;
    searchPath?: string;
    signal?: AbortSignal;
  }) => Systemd;
  /** Properties besides those of a loaded, enabled, running service. */
  readonly setUnit: (name: string, properties?: Properties) => void;
  /** Each call as one line; asking forgets them. */
  readonly calls: () => string[];
  /** Dies with its caller at the n-th call from now. */
  readonly killAt: (n: number) => void;
  /** The verb fails with this on stderr; undefined: no longer. */
  readonly fail: (verb: string, stderr: string | undefined) => void;
  readonly hang: (verb: string) => void;
  readonly write: (name: 'journal' | 'jobs', text: string) => void;
}

const RUNNING: Properties = {
  LoadState: 'loaded',
  ActiveState: 'active',
  SubState: 'running',
  UnitFileState: 'enabled',
  Type: 'simple',
  Result: 'success',
  ExecMainStatus: 0,
  MainPID: 4711,
  NRestarts: 0,
  NeedDaemonReload: 'no',
  InactiveExitTimestampMonotonic: 1000,
};
export const STOPPED: Properties = {
  ActiveState: 'inactive',
  SubState: 'dead',
  UnitFileState: 'disabled',
  MainPID: 0,
  InactiveExitTimestampMonotonic: 0,
};

export const makeFakeSystemd = (dir: string, root = '/'): FakeSystemd => {
  const bin = join(dir, 'bin');
  mkdirSync(join(dir, 'units'), { recursive: true });
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of [
    ['systemctl', SYSTEMCTL(dir)],
    ['journalctl', JOURNALCTL(dir)],
  ] as const) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const make: FakeSystemd['make'] = (options = {}) => createSystemd({ root, live: true, searchPath: bin, ...options });
  const file = (name: string): string => join(dir, name);
  return {
    searchPath: bin,
    systemd: make(),
    make,
    setUnit: (name, properties = {}) => {
      const lines = Object.entries({ ...RUNNING, ...properties }).map(([key, value]) => `${key}=${value}\n`);
      writeFileSync(join(dir, 'units', name), lines.join(''));
    },
    calls: () => {
      const lines = existsSync(file('calls')) ? readFileSync(file('calls'), 'utf8').trim().split('\n') : [];
      rmSync(file('calls'), { force: true });
      return lines.filter((line) => line !== '');
    },
    killAt: (n) => {
      rmSync(file('calls'), { force: true });
      writeFileSync(file('kill-at'), String(n));
    },
    fail: (verb, stderr) =>
      stderr === undefined ? rmSync(file(`fail-${verb}`), { force: true }) : writeFileSync(file(`fail-${verb}`), stderr),
    hang: (verb) => writeFileSync(file(`hang-${verb}`), ''),
    write: (name, text) => writeFileSync(file(name), text),
  };
};
