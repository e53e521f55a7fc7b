/** Can a host be reached, step by step: its name, its port, its certificate? What does not work is an answer, too. */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

export type TcpAnswer =
  | { readonly ok: true; readonly address: string }
  | { readonly ok: false; readonly kind: 'refused' | 'silent'; readonly text: string };
export type TlsAnswer =
  | { readonly ok: true; readonly subject: string }
  /** `issuer`: of what was presented; '' where nothing was. */
  | { readonly ok: false; readonly code: string; readonly text: string; readonly issuer: string };

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;

/** Node.js advises about its own options there. */
const withoutHint = (message: string): string => message.replace(/; if the root CA is installed locally.*$/, '');

/** The addresses of a name, by the system's own resolver; an address is its own. */
export const lookUp = async (host: string): Promise<readonly string[] | { readonly failure: string }> => {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    return codeOf(error) === 'ENOTFOUND' ? [] : { failure: codeOf(error) };
  }
};

const destroyedOn = (socket: Socket, signal: AbortSignal): void => signal.addEventListener('abort', () => socket.destroy(), { once: true });

export const reachTcp = (host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<TcpAnswer> =>
  new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    const end = (answer: TcpAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end({ ok: false, kind: 'silent', text: `no answer in ${timeoutMs / 1000} s` }), timeoutMs);
    destroyedOn(socket, signal);
    socket.once('connect', () => end({ ok: true, address: socket.remoteAddress ?? host }));
    socket.once('error', (error) => end({ ok: false, kind: codeOf(error) === 'ECONNREFUSED' ? 'refused' : 'silent', text: codeOf(error) }));
    socket.once('close', () => end({ ok: false, kind: 'silent', text: 'the connection was closed' }));
  });

const issuerOf = (socket: TLSSocket): string =>
  (socket.getPeerX509Certificate()?.issuer ?? '').replace(/\n/g, ', ').replace(/\p{Cc}/gu, '?');

export interface TlsWish {
  readonly host: string;
  readonly port: number;
  readonly servername?: string;
  /** PEM; undefined: the system's. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

/** A handshake, judged as every client would. Nothing is sent afterwards. */
export const reachTls = ({ host, port, servername, ca, timeoutMs }: TlsWish, signal: AbortSignal): Promise<TlsAnswer> =>
  new Promise((resolve) => {
    const name = servername ?? (isIP(host) === 0 ? host : undefined);
    // Refused only after the handshake, so that it can be said who signed what was presented.
    const socket = connectTls({
      host,
      port,
      rejectUnauthorized: false,
      ...(name ? { servername: name } : {}),
      ...(ca === undefined ? {} : { ca }),
    });
    const end = (answer: TlsAnswer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const bad = (code: string, text: string, issuer = ''): void => end({ ok: false, code, text: withoutHint(text), issuer });
    const timer = setTimeout(() => bad('ETIMEDOUT', `no TLS handshake in ${timeoutMs / 1000} s`), timeoutMs);
    destroyedOn(socket, signal);
    socket.once('secureConnect', () => {
      const error: unknown = socket.authorizationError;
      if (socket.authorized) return end({ ok: true, subject: socket.getPeerX509Certificate()?.subject ?? '' });
      bad(error instanceof Error ? codeOf(error) : String(error), error instanceof Error ? error.message : String(error), issuerOf(socket));
    });
    socket.once('error', (error) => bad(codeOf(error), error.message));
    socket.once('close', () => bad('ECONNRESET', 'the connection was closed during the handshake'));
  });

/** Somebody listens at a Unix socket, or the complaint. */
export const reachSocket = (path: string, timeoutMs: number, signal: AbortSignal): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connectTcp({ path });
    const end = (complaint: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(complaint);
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), timeoutMs);
    destroyedOn(socket, signal);
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(codeOf(error)));
  });
