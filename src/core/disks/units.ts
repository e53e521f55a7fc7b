/** Mount units of the instance store's disks. */

/**
 * The name of the unit that mounts at an absolute path (systemd.unit(5) "String Escaping for Inclusion in Unit Names"):
 * `/mnt/k8s-disks/0` → `mnt-k8s\x2ddisks-0.mount`.
 */
export const mountUnitOf = (path: string): string => {
  const trimmed = path.split('/').filter((part) => part !== '');
  return `${trimmed.map(escaped).join('-') || '-'}.mount`;
};

const escaped = (part: string, index: number): string =>
  [...new TextEncoder().encode(part)]
    .map((byte, at) => {
      const character = String.fromCharCode(byte);
      const isPlain = /[A-Za-z0-9:_.]/.test(character) && !(character === '.' && index === 0 && at === 0);
      return isPlain ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');

/** By these words in its Description a unit is known as one of the instance store's, setup-local-disks' own among them. */
export const MARK = 'EC2 Instance Store';
/** Regular expression (whole text) of such a unit. */
export const MOUNT_UNIT_PATTERN = `(?:[^]*\\n)?Description=[^\\n]*${MARK}[^]*`;

interface MountUnit {
  readonly what: string;
  readonly where: string;
  readonly type: string;
  readonly options: string;
  /** Units that must not run before it is mounted. */
  readonly before?: readonly string[];
  /** systemd makes a directory that is to be bound where there is none; an empty one is not what was copied. */
  readonly condition?: string;
  /** What it is, for the Description. */
  readonly words?: string;
  /** How long a boot may wait for the device, in seconds; systemd's own patience is 90. */
  readonly patience?: number;
}

/** Text of a mount unit; the paths hold no character that means something to systemd. */
export const mountUnitText = ({ what, where, type, options, before = [], condition, patience, words = MARK }: MountUnit): string => `[Unit]
Description=${words}: ${where}
${before.length === 0 ? '' : `Before=${before.join(' ')}\n`}${condition === undefined ? '' : `ConditionPathIsDirectory=${condition}\n`}${patience === undefined ? '' : `JobTimeoutSec=${patience}\n`}
[Mount]
What=${what}
Where=${where}
Type=${type}
Options=${options}

[Install]
WantedBy=multi-user.target
`;
