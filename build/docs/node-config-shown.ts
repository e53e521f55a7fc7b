/** What README.md shows of a NodeConfig: real runs on a small document, and on that of a managed node group. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLACEHOLDER_CA } from '../../src/cli/assume.ts';

const HEAD = 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n';
const CLUSTER = `  cluster:
    name: my-cluster
    apiServerEndpoint: https://example.com
    certificateAuthority: ${PLACEHOLDER_CA}
    cidr: 10.100.0.0/16
`;

/** A user's own document. */
const USER = `${HEAD}  kubelet:
    config:
      maxPods: 50
      evictionHard: {memory.available: 500Mi}
`;

/** What EKS adds in a managed node group. */
const EKS = `${HEAD}${CLUSTER}  kubelet:
    config:
      maxPods: 29
      clusterDNS: [10.100.0.10]
    flags:
      - --node-labels=eks.amazonaws.com/nodegroup=web
`;

const part = (document: string): string => `--//\nContent-Type: application/node.eks.aws\n\n${document}\n`;
const USER_DATA = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n${part(USER)}${part(EKS)}--//--\n`;

export type OutputOf = (args: readonly string[], cwd: string) => string;

const lineOf = (args: readonly string[]): string => `$ bootwright ${args.join(' ')}`;

/** Command lines with their output. */
export const nodeConfigOutputs = (outputOf: OutputOf): { readonly preview: string; readonly dump: string } => {
  const dir = mkdtempSync(join(tmpdir(), 'bootwright-docs-'));
  try {
    writeFileSync(join(dir, 'user-data.txt'), USER_DATA);
    const page = ['preview', './user-data.txt'];
    const explain = ['preview', '--explain', 'maxPods', './user-data.txt'];
    const dump = ['config', 'dump', '--explain', './user-data.txt'];
    const lines = outputOf(page, dir).split('\n');
    const first = lines.slice(0, lines.indexOf('Files') - 1);
    const said = outputOf(dump, dir).split('\n');
    const contested = said.flatMap((line, index) => (line.startsWith('    in the opposite') ? said.slice(index - 3, index + 1) : []));
    return {
      preview: `${lineOf(page)} | head -${first.length}\n${first.join('\n')}\n\n${lineOf(explain)}\n${outputOf(explain, dir)}`,
      dump: `${lineOf(dump)} | grep -B3 opposite\n${contested.join('\n')}\n`,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};
