/**
 * Desired: what the node should be, as data. Observed: what it is. Plan: the ordered actions between the two.
 * Everything is plain JSON, so preview, plan, apply and the daemon share one value.
 */
import type { Because, Decision, Diagnostic, Json } from './report.ts';
import type { TargetName } from './spec.ts';

/**
 * One key of a shared JSON file. `own`: our value stands. `default`: ours only where the file has none. `seed`: ours only in a file that is
 * made anew, or where the value is still one of ours. `absent`: goes if we wrote it, or if it still has this value (what bootstrap.sh
 * would have written); anything else is the user's and stays.
 */
export interface JsonEntry {
  /** Keys; `*` stands for every element of an array. */
  readonly path: readonly string[];
  readonly value: Json;
  readonly policy: 'own' | 'default' | 'seed' | 'absent';
  readonly because: Because;
}

export type Content =
  | { readonly kind: 'text'; readonly text: string }
  /** A file we share with others: our keys are merged in, foreign keys and the order of what is there survive. */
  | { readonly kind: 'json'; readonly entries: readonly JsonEntry[]; readonly indent: number }
  /** /etc/hosts, where other lines are others': the host has these addresses, unless a line that is not ours says some already. */
  | { readonly kind: 'hosts'; readonly host: string; readonly addresses: readonly string[] }
  /**
   * Should not be there. Removed only if it is ours: by the last manifest, or when its text matches `ours` (regular expression, whole
   * text). `foreign`: another program keeps its own file there, so nobody is told that it stays.
   */
  | { readonly kind: 'absent'; readonly ours: string; readonly foreign?: true };

export interface DesiredFile {
  readonly path: string;
  /** Permission bits of a file that is made; owner is always root. */
  readonly mode: number;
  readonly content: Content;
  readonly because: readonly Because[];
}

export interface DesiredDirectory {
  readonly path: string;
  readonly mode: number;
  readonly because: readonly Because[];
}

export interface DesiredUnit {
  /** With suffix: `kubelet.service`. */
  readonly name: string;
  /** A change of one of these files restarts it. */
  readonly inputs: readonly string[];
  readonly because: readonly Because[];
  /** The node works without it: when it does not start, that is a warning and the run goes on. */
  readonly optional?: true;
  /** Only enabled: the next boot starts it. */
  readonly atBoot?: true;
  /** What starts it at boot: it is not enabled itself. */
  readonly startedAtBootBy?: string;
  /** Restarted when an input changed; never started. */
  readonly onlyIfActive?: true;
}

/** A mount of the disks' file systems, or of a directory on one (`bind`). */
export interface DesiredMount {
  /** Its mount unit, `mnt-k8s\\x2ddisks-0.mount`, and the text of that. */
  readonly unit: string;
  readonly text: string;
  readonly where: string;
  /** By what was seen; a mount that stands is never made anew. */
  readonly isMounted: boolean;
  /** A whole file system: what it is on. */
  readonly device?: string;
  /** What is at `where` is copied to `to` first, while `users` are stopped. */
  readonly bind?: { readonly to: string; readonly users: readonly string[] };
  readonly because: readonly Because[];
}

/**
 * Local disks. They come before everything else, because what is written may lie on them, and outlive the wish: a later run that says
 * nothing about disks leaves them as they are, so none of their files is in the manifest.
 */
export interface DesiredStorage {
  /** What gets the disks ready, by what was seen on them. */
  readonly steps: readonly Action[];
  readonly mounts: readonly DesiredMount[];
  readonly files: readonly DesiredFile[];
  /** Another program does it all, unless `stamp` says that it has. `covers`: directories on which it mounts something. */
  readonly helper?: { readonly run: Action; readonly stamp: DesiredFile; readonly covers: readonly string[] };
}

export interface Desired {
  readonly target: TargetName;
  readonly storage?: DesiredStorage;
  readonly directories: readonly DesiredDirectory[];
  readonly files: readonly DesiredFile[];
  /** Enabled and running, started in this order. */
  readonly units: readonly DesiredUnit[];
  readonly decisions: readonly Decision[];
  readonly warnings: readonly Diagnostic[];
}

export type ObservedFile =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'file';
      readonly text: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  | { readonly kind: 'directory'; readonly mode: number }
  /** Neither file nor directory, or unusable: `symlink to /x`, `socket`, `larger than 1 MiB`, `not text`. */
  | { readonly kind: 'other'; readonly what: string };

export interface ObservedUnit {
  readonly enabled: boolean;
  /** systemd's ActiveState; a oneshot that ended well counts as `active` (`exited` in the eyes of systemd is `inactive` without RemainAfterExit). */
  readonly active: boolean;
}

/** What we wrote last time; the base of the three-way merge. Stored as /var/lib/bootwright/manifest.json. */
export interface Manifest {
  readonly schemaVersion: 1;
  readonly generation: number;
  readonly files: readonly ManifestFile[];
}
export interface ManifestFile {
  readonly path: string;
  /** `sha256:…` of what we wrote. */
  readonly digest: string;
  /** Shared JSON files: the keys we own, with our values. */
  readonly entries?: readonly { readonly path: readonly string[]; readonly value: Json }[];
  /** /etc/hosts: the lines that are ours. */
  readonly lines?: readonly string[];
}
/** What is ours of a file that others write, too. */
export type Owned = Pick<ManifestFile, 'entries' | 'lines'>;

export interface Observed {
  /** `/` or an image's directory. */
  readonly root: string;
  /** False for an image: nothing is started there. */
  readonly live: boolean;
  /** By path inside the root; every path that Desired or the manifest names. */
  readonly files: { readonly [path: string]: ObservedFile };
  readonly units: { readonly [name: string]: ObservedUnit };
  /** systemd has not read the unit files that are on disk. */
  readonly unitsStale: boolean;
  readonly manifest: Manifest | null;
  /** Units that a run of this boot wanted to restart when it was cut off. */
  readonly interruptedRestarts: readonly string[];
}

interface ActionCommon {
  readonly because: readonly Because[];
  /** Why it will not be done here (an image has no running units). */
  readonly skipped?: string;
}
export type Action = ActionCommon &
  (
    | { readonly kind: 'make-directory'; readonly path: string; readonly mode: number }
    | {
        readonly kind: 'write-file';
        readonly path: string;
        readonly mode: number;
        readonly before: string | null;
        readonly after: string;
        /** Below a directory that this plan mounts: what is there before is not known, and does not count. */
        readonly anew?: true;
      }
    | { readonly kind: 'remove-file'; readonly path: string; readonly before: string }
    /** Before its unit file is removed; what runs goes on until the next boot. */
    | { readonly kind: 'disable-unit'; readonly unit: string }
    | { readonly kind: 'reload-units' }
    | { readonly kind: 'enable-unit'; readonly unit: string }
    | { readonly kind: 'start-unit' | 'restart-unit'; readonly unit: string; readonly optional?: true }
    | { readonly kind: 'stop-unit'; readonly unit: string }
    /** Of blank disks only. `uuid` as 8-4-4-4-12 digits. */
    | {
        readonly kind: 'create-array';
        readonly device: string;
        readonly level: 'raid0' | 'raid10';
        readonly uuid: string;
        readonly members: readonly string[];
      }
    /** On a blank device only. */
    | { readonly kind: 'make-file-system'; readonly device: string; readonly type: 'xfs' | 'ext4'; readonly uuid: string }
    /** udev looks at it once more, so that it is known by the UUID of what is on it now. */
    | { readonly kind: 'announce-device'; readonly device: string }
    /** Complete or not at all; what is there already stays. */
    | { readonly kind: 'copy-directory'; readonly from: string; readonly path: string }
    | { readonly kind: 'run-program'; readonly program: string; readonly args: readonly string[] }
  );

export interface PlannedFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
  readonly because: readonly Because[];
  /** Outlives the wish: it is not in the manifest. */
  readonly unrecorded?: true;
}

export interface Plan {
  readonly root: string;
  readonly live: boolean;
  /** Empty (or all skipped) = converged. */
  readonly actions: readonly Action[];
  /** Every file as it will be, changed or not; what `preview --out` writes. */
  readonly files: readonly PlannedFile[];
  /** What is ours of shared files; with `files` this is the next manifest. */
  readonly owned: { readonly [path: string]: Owned };
  readonly decisions: readonly Decision[];
  readonly warnings: readonly Diagnostic[];
}
