/**
 * esbuild plugins that put only the used parts of undici, winston and the SDK into the program. Sources import the packages as
 * usual and are typed by them; an export that is missing here fails at run time, so test/build/slim.ts compares the names.
 *
 * What is gone was measured at start-up, warm, with code caches (a bare Node takes 24 ms): fetch, WebSocket, caches and mocks of
 * undici's index 5 ms; node:http2 for a protocol that is never negotiated (http.ts says why) 7; node:assert, which loads
 * a differ and colours, 2; node:http for one constant and one class 2; winston's colours 2; the SDK's own HTTP handlers 2.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const llhttp = createRequire(import.meta.url)('undici/lib/llhttp/constants.js');

const SIGNER = /\/@smithy\/signature-v4\//;
const SDK = /\/@(aws-sdk|smithy)\//;
const SMITHY_CORE = 'node_modules/@smithy/core/dist-es/submodules';

/**
 * Replacements: `name` matches what is imported, `importers` the files for which it counts (all, where absent); relative imports
 * inside `contents` start at `from`.
 */
export const SLIM = [
  {
    name: /^undici$/,
    contents: `
      const Dispatcher = require('undici/lib/dispatcher/dispatcher');
      Dispatcher.prototype.request = require('undici/lib/api/api-request');
      // The proxy agent's tunnels.
      Dispatcher.prototype.connect = function (...args) { return require('undici/lib/api/api-connect').apply(this, args); };
      exports.Agent = require('undici/lib/dispatcher/agent');
      exports.errors = require('undici/lib/core/errors');
      Object.defineProperty(exports, 'EnvHttpProxyAgent', {
        enumerable: true,
        get: () => require('undici/lib/dispatcher/env-http-proxy-agent'),
      });
      exports.request = (url, { dispatcher, ...options }) => {
        const { origin, pathname, search } = new URL(url);
        return dispatcher.request({ method: 'GET', ...options, origin, path: pathname + search });
      };`,
  },
  {
    name: /\/client-h2(\.js)?$/,
    importers: /\/undici\//,
    contents: `module.exports = () => { throw new Error('HTTP/2 is not in this build: make each agent with allowH2: false'); };`,
  },
  {
    // The parser for processors without SSE4.1, which no EC2 instance has lacked.
    name: /\/llhttp-wasm(\.js)?$/,
    importers: /\/undici\//,
    contents: `throw new Error('this processor has no WebAssembly SIMD (SSE4.1), which the HTTP parser needs');`,
  },
  {
    // Bodies here are text or bytes; forms bring fetch, WebIDL and a multipart parser along.
    name: /\/web\/fetch\/body(\.js)?$/,
    importers: /\/undici\/lib\/dispatcher\//,
    contents: `exports.extractBody = () => { throw new Error('forms are not in this build'); };`,
  },
  {
    name: /\/web\/(fetch\/formdata|webidl)$/,
    importers: /\/undici\/lib\/core\//,
    contents: `exports.webidl = { is: { FormData: () => false } };`,
  },
  {
    // Of its maps of methods, statuses and characters, made at start, the client reads two.
    name: /\/llhttp\/constants(\.js)?$/,
    importers: /\/undici\//,
    contents: `module.exports = ${JSON.stringify({ TYPE: llhttp.TYPE, ERROR: llhttp.ERROR })};`,
  },
  {
    // A search tree of 130 header names, built at start so that a server's lookups are fast; without it names are lowered one by one.
    name: /^\.\/tree(\.js)?$/,
    importers: /\/undici\/lib\/core\//,
    contents: `exports.tree = { lookup: () => undefined };`,
  },
  {
    name: /^node:assert$/,
    importers: /\/undici\//,
    contents: `module.exports = Object.assign((value, message) => { if (!value) require('node:assert')(value, message); }, {
      strictEqual: (...args) => require('node:assert').strictEqual(...args),
      notStrictEqual: (...args) => require('node:assert').notStrictEqual(...args),
    });`,
  },
  {
    // The default of --max-http-header-size, and a class that undici compares a stream's with.
    name: /^node:http$/,
    importers: /\/undici\//,
    contents: `exports.maxHeaderSize = 16384; exports.IncomingMessage = class IncomingMessage {};`,
  },
  {
    name: /^winston$/,
    contents: `
      exports.createLogger = require('winston/lib/winston/create-logger');
      exports.format = Object.assign(require('logform/format'), { printf: require('logform/printf') });
      exports.transports = { get Console() { return require('winston/lib/winston/transports/console'); } };`,
  },
  {
    // The package's own module also registers colours for each level.
    name: /^\.\/config(\/index)?$/,
    importers: /\/winston\//,
    contents: `const { configs } = require('triple-beam'); module.exports = { npm: configs.npm, addColors() {} };`,
  },
  {
    // winston's debug output about itself.
    name: /^@dabh\/diagnostics$/,
    contents: `module.exports = () => () => false;`,
  },
  {
    // A userland copy, by its own README equal to node:stream, which Node has loaded anyway.
    name: /^readable-stream$/,
    contents: `module.exports = require('node:stream');`,
  },
  {
    name: /^readable-stream\/lib\/_stream_writable\.js$/,
    contents: `module.exports = require('node:stream').Writable;`,
  },
  {
    // facts/sdk-http.ts is the handler: no client is made without one.
    name: /^@smithy\/node-http-handler$/,
    importers: /\/@aws-sdk\/client-eks\//,
    contents: `
      const missing = () => { throw new Error('the SDK’s own HTTP handler is not in this build: give a requestHandler'); };
      export const NodeHttpHandler = { create: (given) => (typeof given?.handle === 'function' ? given : missing()) };
      export const streamCollector = missing;`,
  },
  // The signer takes ten small functions out of three large indexes, which hold the whole protocol of the SDK: without this a
  // token pays for it, 5 ms.
  {
    name: /^@smithy\/core\/serde$/,
    importers: SIGNER,
    contents: `
      export { fromHex, toHex } from './serde/util-hex-encoding/hex-encoding.js';
      export { fromUtf8 } from './serde/util-utf8/fromUtf8.js';
      export { toUint8Array } from './serde/util-utf8/toUint8Array.js';
      export { isArrayBuffer } from './serde/is-array-buffer/is-array-buffer.js';
      export { writeKey } from './serde/writeKey.js';
      export { hasOwn } from './transport/hasOwn.js';`,
    from: SMITHY_CORE,
  },
  {
    name: /^@smithy\/core\/client$/,
    importers: SIGNER,
    contents: `export { normalizeProvider } from './transport/normalizeProvider.js';`,
    from: SMITHY_CORE,
  },
  {
    name: /^@smithy\/core\/protocols$/,
    importers: SIGNER,
    contents: `
      export { escapeUri } from './protocols/util-uri-escape/escape-uri.js';
      export { HttpRequest } from './transport/httpRequest.js';`,
    from: SMITHY_CORE,
  },
  {
    // Date.toISOString() reads 2 MiB of time zones on a first boot: src/core/timestamp.ts says why.
    name: /^\.\/utilDate(\.js)?$/,
    importers: SIGNER,
    contents: `
      import { timestampOf } from './src/core/timestamp.ts';
      export const toDate = (time) => (time instanceof Date ? time : new Date(typeof time === 'number' ? time * 1000 : time));
      export const iso8601 = (time) => timestampOf(toDate(time)).slice(0, 19) + 'Z';`,
  },
  {
    // EKS speaks JSON over REST; the index brings query, XML and RPC.
    name: /^@aws-sdk\/core\/protocols$/,
    importers: /\/@aws-sdk\/client-eks\//,
    contents: `export { AwsRestJsonProtocol } from './json/AwsRestJsonProtocol.js';`,
    from: 'node_modules/@aws-sdk/core/dist-es/submodules/protocols',
  },
  {
    // A boot takes the digests of some 20 KiB. In JavaScript that is the one loop so hot that V8 calls its optimizing compilers, which are
    // 7 MiB on a cold disk; Node's own is loaded for the signature of a call to AWS anyway.
    name: /^@noble\/hashes\/sha2\.js$/,
    contents: `import { createHash } from 'node:crypto'; export const sha256 = (bytes) => createHash('sha256').update(bytes).digest();`,
  },
  // The whole namespace of a dynamic import would come along, with the schemas of all sixty operations.
  {
    name: /^@aws-sdk\/client-eks$/,
    contents: `export { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';`,
  },
  // Builtins that the SDK loads for what it does not do here: files are read once, nothing is streamed through a checksum.
  {
    name: /^node:fs\/promises$/,
    importers: SDK,
    contents: `exports.readFile = async (path, options) => require('node:fs').readFileSync(path, options);`,
  },
  {
    // The global, for which Node would load a module.
    name: /^node:process$/,
    importers: SDK,
    contents: `module.exports = process;`,
  },
  {
    // Checksums of S3 and of event streams; the package computes its tables at start, a hot loop.
    name: /\/crc32\/Crc32(Js|Node)(\.js)?$/,
    importers: SDK,
    contents: `
      const missing = class { constructor() { throw new Error('CRC-32 is not in this build'); } };
      export { missing as Crc32Js, missing as Crc32Node };`,
  },
  {
    name: /^node:crypto$/,
    importers: /\/@smithy\/core\/.*\/serde\/index\.js$/,
    contents: `exports.getRandomValues = (array) => require('node:crypto').randomFillSync(array);`,
  },
  {
    name: /\/uuid\/v4$/,
    importers: SDK,
    contents: `export const bindV4 = () => () => require('node:crypto').randomUUID();`,
  },
  {
    name: /\/createChecksumStream\.browser$/,
    importers: SDK,
    contents: `export const createChecksumStream = () => { throw new Error('web streams are not in this build'); };`,
  },
];

const replace = ({ name, importers, contents, from = '.' }, index, root) => ({
  name: `slim-${index}`,
  setup(build) {
    const namespace = `slim-${index}`;
    build.onResolve({ filter: name }, ({ path, importer, namespace: inside }) =>
      inside.startsWith('slim-') || (importers && !importers.test(importer)) ? undefined : { path, namespace, sideEffects: false },
    );
    build.onLoad({ filter: /.*/, namespace }, () => ({ contents, resolveDir: join(root, from), loader: 'js' }));
  },
});

/**
 * The SDK describes every shape of a service in one file of arrays. Marked as pure, those that DescribeCluster does not need fall away:
 * esbuild cannot see that itself where an array holds an object with a computed key.
 */
const pureSchemas = {
  name: 'pure-schemas',
  setup(build) {
    build.onLoad({ filter: /\/@aws-sdk\/client-\w+\/dist-es\/schemas\/schemas_0\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /^((?:export )?var [\w$]+ = )(\[.*\]|\[[^;]*?\n\]);$/gm,
        (_, declaration, array) => `${declaration}/* @__PURE__ */ (() => ${array})();`,
      ),
      loader: 'js',
    }));
  },
};

/** @param {string} root the folder that holds node_modules */
export const slimPlugins = (root) => [...SLIM.map((slim, index) => replace(slim, index, root)), pureSchemas];
