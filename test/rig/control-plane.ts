/** The real Kubernetes control plane, as EKS runs it before a node: bearer tokens are judged by a webhook. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { Network, Owner } from './node.ts';
import { RIG } from './parts.ts';
import { must, rigDirectory } from './shell.ts';

export interface User {
  readonly username: string;
  readonly groups: readonly string[];
}

/** What a token says about its bearer; a string is the reason why it is refused. */
export type Authenticator = (token: string) => User | string;

export interface ControlPlane {
  readonly endpoint: string;
  /** PEM as base64, as DescribeCluster gives it. */
  readonly certificateAuthority: string;
  /** kubectl as an admin; returns stdout. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Starts the controller manager anew, with or without the signer of kubelets' serving certificates. */
  signer(state: 'on' | 'off'): Promise<void>;
  /** Every verdict of the authenticator so far: a user name, or why not. */
  readonly verdicts: readonly string[];
}

const bodyOf = async (req: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const serveTokenReviews = async (t: Owner, authenticate: Authenticator, verdicts: string[]): Promise<void> => {
  const read = (name: string): Buffer => readFileSync(join(RIG, 'cp', name));
  const server = createServer({ cert: read('webhook.crt'), key: read('webhook.key') }, async (req, res) => {
    const review = JSON.parse(await bodyOf(req)) as { spec: { token: string } };
    const verdict = authenticate(review.spec.token);
    verdicts.push(typeof verdict === 'string' ? verdict : verdict.username);
    const status = typeof verdict === 'string' ? { authenticated: false, error: verdict } : { authenticated: true, user: verdict };
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status }));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(6444, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
};

/** Starts it on the host's side of a network; one at a time a machine. Thrown away with its test. */
export const makeControlPlane = async (t: Owner, network: Network, authenticate: Authenticator): Promise<ControlPlane> => {
  const script = (...args: readonly string[]) =>
    must(join(rigDirectory, 'control-plane.sh'), args, { env: { ...process.env, RIG }, deadlineMs: 240_000 });
  t.teardown(() => script('down', String(process.pid)));
  await script('up', network.host, String(process.pid));
  const verdicts: string[] = [];
  await serveTokenReviews(t, authenticate, verdicts);
  return {
    endpoint: `https://${network.host}:6443`,
    certificateAuthority: readFileSync(join(RIG, 'cp/ca.crt')).toString('base64'),
    kubectl: (...args) => must(join(RIG, 'bin/kubectl'), ['--kubeconfig', join(RIG, 'cp/admin.conf'), ...args]),
    signer: async (state) => void (await script('signer', state)),
    verdicts,
  };
};
