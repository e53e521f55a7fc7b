/** A registry with one tiny image under every name: as ECR it wants `AWS:PASSWORD`, speaks OCI distribution, and serves reads only. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

interface Blob {
  readonly type: string;
  readonly bytes: Buffer;
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const OCI = 'application/vnd.oci.image';

/** An image of one empty layer, by digest; `manifest` is the way in. */
const image = (): { manifest: Blob; blobs: ReadonlyMap<string, Blob> } => {
  const tar = Buffer.alloc(1024); // the end of an archive, and nothing before it
  const layer: Blob = { type: `${OCI}.layer.v1.tar+gzip`, bytes: gzipSync(tar) };
  const config: Blob = {
    type: `${OCI}.config.v1+json`,
    bytes: Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: { Entrypoint: ['/pause'] },
        rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
      }),
    ),
  };
  const descriptor = ({ type, bytes }: Blob) => ({ mediaType: type, digest: digestOf(bytes), size: bytes.length });
  const manifest: Blob = {
    type: `${OCI}.manifest.v1+json`,
    bytes: Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config: descriptor(config), layers: [descriptor(layer)] }),
    ),
  };
  return { manifest, blobs: new Map([layer, config, manifest].map((blob) => [digestOf(blob.bytes), blob])) };
};

/** A request handler for `/v2/…`. */
export const registry = (password: string): ((req: IncomingMessage, res: ServerResponse) => void) => {
  const { manifest, blobs } = image();
  const wanted = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
  return (req, res) => {
    if (req.headers.authorization !== wanted) {
      res.writeHead(401, { 'www-authenticate': `Basic realm="https://${req.headers.host}/",service="ecr.amazonaws.com"` });
      res.end('Not Authorized\n');
      return;
    }
    const [, reference] = /^\/v2\/.+\/(?:manifests|blobs)\/([^/]+)$/.exec(req.url ?? '') ?? [];
    if (reference === undefined) {
      res.writeHead(req.url === '/v2/' ? 200 : 404).end();
      return;
    }
    const blob = reference.startsWith('sha256:') ? blobs.get(reference) : manifest;
    if (!blob) {
      res.writeHead(404).end();
      return;
    }
    res.writeHead(200, {
      'content-type': blob.type,
      'content-length': blob.bytes.length,
      'docker-content-digest': digestOf(blob.bytes),
    });
    res.end(req.method === 'HEAD' ? undefined : blob.bytes);
  };
};
