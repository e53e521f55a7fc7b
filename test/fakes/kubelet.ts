/** A kubelet's two ports, its files and its manners: TLS that ends in an alert before there is a certificate, files swapped as client-go does. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import type { Pair } from './pki.ts';

export interface FakeKubelet {
  readonly port: number;
  /** null: an alert, as before the first certificate. */
  present(pair: Pair | null): void;
  /** Stores a pair under `dir` (…/pki) as the kubelet does, and presents it. Returns the path of the link. */
  store(dir: string, pair: Pair, stamp?: string): string;
  close(): Promise<void>;
}

/** TLS 1.2, alert, fatal, internal_error (80). */
const ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50]);

export const startKubelet = async (pair: Pair | null = null): Promise<FakeKubelet> => {
  let current = pair;
  const sockets = new Set<Socket>();
  const tls = createTls({ SNICallback: (_, done) => done(null) }, (socket) => socket.end());
  tls.on('tlsClientError', () => undefined);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    if (current === null) socket.once('data', () => socket.end(ALERT));
    else {
      tls.setSecureContext({ cert: current.cert, key: current.key });
      tls.emit('connection', socket);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const present = (next: Pair | null): void => {
    current = next;
  };
  return {
    port: (server.address() as AddressInfo).port,
    present,
    store: (dir, next, stamp = '2026-11-21-12-00-00') => {
      mkdirSync(dir, { recursive: true });
      const target = join(dir, `kubelet-server-${stamp}.pem`);
      writeFileSync(target, next.cert + next.key, { mode: 0o600 });
      const [link, updated] = [join(dir, 'kubelet-server-current.pem'), join(dir, 'kubelet-server-updated.pem')];
      rmSync(updated, { force: true });
      symlinkSync(target, updated);
      rmSync(link, { force: true }); // for an instant there is none
      renameSync(updated, link);
      present(next);
      return link;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};
