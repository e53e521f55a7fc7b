/** JSON Schemas (2020-12) of everything that the program prints as JSON. Facts come from the code that reads them. */
import { toJsonSchema } from '@valibot/to-json-schema';
import { CHECKS } from '../../src/checks/all.ts';
import { CSR_STATES } from '../../src/core/csr/states.ts';
import { FactsSchema } from '../../src/core/facts-schema.ts';
import { nodeConfigSchema, type Schema } from './node-config.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';
const text = (description?: string): Schema => ({ type: 'string', ...(description ? { description } : {}) });
const list = (items: Schema, description?: string): Schema => ({ type: 'array', items, ...(description ? { description } : {}) });
const object = (
  properties: Record<string, Schema>,
  { optional = [], description }: { optional?: readonly string[]; description?: string } = {},
): Schema => ({
  type: 'object',
  ...(description ? { description } : {}),
  properties,
  required: Object.keys(properties).filter((key) => !optional.includes(key)),
  additionalProperties: false,
});
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
const anything: Schema = { description: 'any JSON value' };
const mode: Schema = { type: 'integer', minimum: 0, maximum: 0o7777, description: 'permission bits' };

const because = object(
  {
    rule: text('stable id, topic.rule'),
    text: text('one sentence with its numbers'),
    inputs: list(
      object(
        {
          name: text(),
          value: anything,
          origin: text('flag, env, imds, describe-cluster, default, assumed, fallback …'),
          at: text('where a person would look'),
          secret: { type: 'boolean' },
        },
        { optional: ['secret'] },
      ),
    ),
  },
  { description: 'why' },
);

const diagnostic = object(
  {
    severity: { enum: ['error', 'warning'] },
    code: text('stable id'),
    path: text('where: a flag, a variable, a file, file:key'),
    line: { type: 'integer' },
    column: { type: 'integer' },
    field: text('keys within a document: spec.cluster.cidr'),
    message: text(),
    remedy: text('what to do'),
  },
  { optional: ['line', 'column', 'field'] },
);

const decision = object({
  key: text('the word for --explain'),
  value: anything,
  because: ref('because'),
  changes: list(text(), 'what would change it'),
});

const atBoot: Schema = { const: true, description: 'only enabled: the next boot starts it' };
const optional: Schema = { const: true, description: 'the node works without it: a failed start is a warning' };

const action: Schema = {
  type: 'object',
  properties: {
    kind: {
      enum: [
        ...['make-directory', 'write-file', 'remove-file', 'reload-units', 'enable-unit', 'disable-unit', 'start-unit', 'restart-unit'],
        ...['stop-unit', 'create-array', 'make-file-system', 'announce-device', 'copy-directory', 'run-program'],
      ],
    },
    path: text(),
    unit: text(),
    mode,
    before: { type: ['string', 'null'], description: 'null: the file is not there' },
    after: text(),
    anew: { const: true, description: 'below a directory that this plan mounts: what is there before does not count' },
    device: text('create-array, make-file-system, announce-device: what it is about'),
    level: { enum: ['raid0', 'raid10'] },
    members: list(text(), 'create-array: its disks'),
    uuid: text(),
    type: { enum: ['xfs', 'ext4'] },
    from: text('copy-directory: to path'),
    program: text(),
    args: list(text()),
    because: list(ref('because')),
    skipped: text('why it is not done here: an image has no running units'),
    optional,
  },
  required: ['kind', 'because'],
  additionalProperties: false,
};

const by = text('a file, or a flag as in --max-pods');
const at = text('where in the user’s document');
const kubeletKey: Schema = object(
  {
    key: text('as in evictionHard.memory.available'),
    value: { description: 'absent: taken away, so that the kubelet’s default holds' },
    by,
    at,
    beats: list(object({ value: {}, by, at }, { optional: ['at'] }), 'what was said before and does not hold, the last first'),
  },
  { optional: ['value', 'at'] },
);

const plan: Schema = {
  $schema: DIALECT,
  title: 'bootwright preview --json, bootwright plan --json',
  ...object(
    {
      schemaVersion: { const: 1 },
      kind: { const: 'plan' },
      cluster: text(),
      target: text(),
      against: text('what was compared with'),
      live: { type: 'boolean', description: 'false for an image' },
      converged: { type: 'boolean', description: 'nothing to do' },
      warnings: list(ref('diagnostic')),
      decisions: list(ref('decision')),
      files: list(
        object(
          {
            path: text(),
            mode,
            text: text(),
            because: list(ref('because')),
            unrecorded: { const: true, description: 'outlives the wish: a run without it leaves it there' },
          },
          { optional: ['unrecorded'] },
        ),
        'every file as it will be',
      ),
      units: list(
        object(
          {
            name: text(),
            inputs: list(text(), 'a change of one of these restarts it'),
            because: list(ref('because')),
            optional,
            atBoot,
            startedAtBootBy: text('what starts it at boot; it is not enabled itself'),
            onlyIfActive: { const: true, description: 'restarted if it runs, never started' },
          },
          { optional: ['optional', 'atBoot', 'startedAtBootBy', 'onlyIfActive'] },
        ),
        'enabled and running, in this order',
      ),
      kubeletConfig: list(ref('kubeletKey'), 'as the kubelet merges it from its files and flags; what nobody says is left out'),
      steps: list(ref('action'), 'in order'),
    },
    { optional: ['kubeletConfig'] },
  ),
  $defs: { because, diagnostic, decision, action, kubeletKey },
};

const explain: Schema = {
  $schema: DIALECT,
  title: 'bootwright preview --explain KEY --json',
  ...decision,
  $defs: { because },
};

const report: Schema = {
  $schema: DIALECT,
  title: '/run/bootwright/report.json, bootwright bootstrap --json',
  ...object(
    {
      schemaVersion: { const: 1 },
      version: text('of bootwright'),
      command: text(),
      startedAt: text('ISO 8601, UTC'),
      durationMs: { type: 'integer' },
      stages: list(object({ name: text(), ms: { type: 'integer' } }), 'where the time went'),
      outcome: { enum: ['converged', 'changed', 'failed'], description: 'converged: there was nothing to do' },
      root: text(),
      actions: list(
        object(
          {
            kind: text('as in plan.json'),
            path: text(),
            unit: text(),
            device: text(),
            program: text(),
            status: { enum: ['done', 'skipped', 'failed', 'not-run'] },
            ms: { type: 'number' },
            reason: text('why it was skipped'),
          },
          { optional: ['path', 'unit', 'device', 'program', 'reason'] },
        ),
      ),
      decisions: list(ref('decision')),
      warnings: list(ref('diagnostic')),
      verify: object(
        {
          level: { enum: ['started', 'joined'] },
          result: { enum: ['ok', 'failed'] },
          ms: { type: 'number' },
          text: text('what was seen last'),
          journal: list(text(), 'the lines that decide'),
          cause: object({ check: text(), cause: text(), remedy: text(), line: text() }),
          state: text('joined: as in csr.json'),
          advice: list(text(), 'joined: what to do'),
        },
        { optional: ['cause', 'state', 'advice'] },
      ),
      error: object({ code: text(), message: text(), remedy: text() }, { optional: ['remedy'] }),
      exitCode: { type: 'integer' },
    },
    { optional: ['verify', 'error'] },
  ),
  $defs: { because, diagnostic, decision },
};

const orNull = (type: string, description?: string): Schema => ({ type: [type, 'null'], ...(description ? { description } : {}) });

const maxPods: Schema = {
  $schema: DIALECT,
  title: 'bootwright max-pods --json',
  ...object({
    schemaVersion: { const: 1 },
    kind: { const: 'max-pods' },
    wish: object(
      {
        prefixDelegation: { type: 'boolean' },
        customNetworking: { type: 'boolean' },
        maxEni: orNull('integer', '--cni-max-eni'),
        cniVersion: orNull('string'),
        ipFamily: { enum: ['ipv4', 'ipv6'] },
        windows: { type: 'boolean' },
        isCapped: { type: 'boolean', description: 'false with --show-max-allowed' },
      },
      { description: 'what was asked' },
    ),
    types: list(
      object({
        type: text(),
        enis: { type: 'integer', description: 'of the default network card' },
        ipv4PerEni: { type: 'integer' },
        vcpus: orNull('integer', 'null: not known'),
        hypervisor: orNull('string', 'nitro, xen; null: not known, as EC2 names none for bare metal'),
        bareMetal: orNull('boolean'),
        source: text('where the limits come from'),
        allowed: orNull('integer', 'pods that addresses allow; null: they set no limit, or no such node can be'),
        maxPods: orNull('integer', 'the number for the kubelet; null: it depends on vCPUs that are not known, or no such node can be'),
        impossible: orNull('string', 'why there can be no such node'),
        text: text('the reckoning'),
        notes: list(text(), 'what of the wish could not be had'),
        kubeReserved: object({ memory: orNull('string', 'for maxPods: 574Mi'), cpu: orNull('string', '70m') }),
      }),
    ),
    fewest: {
      anyOf: [object({ type: text(), maxPods: { type: 'integer' } }), { type: 'null' }],
      description: 'what a group of all these types must take; null: one of them is not known',
    },
  }),
};

const configCheck: Schema = {
  $schema: DIALECT,
  title: 'bootwright config check --json',
  ...object({
    schemaVersion: { const: 1 },
    kind: { const: 'config-check' },
    ok: { type: 'boolean', description: 'no error' },
    documents: list(text(), 'later over earlier'),
    diagnostics: list(ref('diagnostic')),
  }),
  $defs: { diagnostic },
};

const configExplain: Schema = {
  $schema: DIALECT,
  title: 'bootwright config dump --explain --json',
  ...object({
    schemaVersion: { const: 1 },
    kind: { const: 'config-explain' },
    values: list(
      object(
        {
          path: text('spec.cluster.name'),
          value: anything,
          at: text('where it stands'),
          beats: list(object({ value: anything, at: text() }), 'what earlier documents say'),
          otherOrder: { description: 'what would stand here if the documents came in the opposite order, where that is something else' },
        },
        { optional: ['otherOrder'] },
      ),
    ),
  }),
};

const moment = (description: string): Schema => text(`ISO 8601, UTC: ${description}`);
const names: Readonly<Record<string, Schema>> = { dns: list(text()), ips: list(text()) };

const csrCertificate = object(
  {
    path: text('kubelet-server-current.pem, where it is on disk'),
    target: text('what it points to'),
    subject: text(),
    cn: text(),
    issuer: text(),
    serial: text(),
    fingerprint256: text(),
    notBefore: moment('begin'),
    notAfter: moment('end'),
    ...names,
    isTrusted: { type: 'boolean', description: 'signed by an authority of the kubeconfig; absent: they are not known' },
    lifetimeSeconds: { type: 'number' },
    percentUsed: { type: 'number' },
    rotationWindow: object({ from: moment('70 %'), to: moment('90 %') }, { description: 'in it the kubelet asks for the next one' }),
  },
  { optional: ['path', 'target', 'isTrusted'] },
);

const csrRequest = object(
  {
    name: text(),
    uid: text(),
    createdAt: moment('by the API server'),
    ageSeconds: { type: 'number' },
    status: { enum: ['pending', 'approved', 'denied', 'failed', 'issued'] },
    username: text('who made it'),
    groups: list(text()),
    arn: text('IAM principal'),
    usages: list(text()),
    expirationSeconds: { type: 'number' },
    cn: text('for whom; empty: the request cannot be read'),
    organizations: list(text()),
    ...names,
    others: list(text(), 'names of other kinds'),
    conditions: list(object({ type: text(), reason: text(), message: text(), at: text() }, { optional: ['at'] })),
    isIssued: { type: 'boolean' },
  },
  { optional: ['arn', 'expirationSeconds'] },
);

const csr: Schema = {
  $schema: DIALECT,
  title: 'bootwright csr --json; with --all a list of these',
  ...object({
    schemaVersion: { const: 1 },
    kind: { const: 'csr' },
    generatedAt: moment('by this machine'),
    node: object(
      {
        name: text(),
        expectedUsername: text(),
        registered: { type: ['boolean', 'null'], description: 'null: not known' },
        ready: { type: 'boolean' },
        addresses: list(object({ type: text(), address: text() })),
        taints: list(text(), 'keys'),
        providerID: orNull('string'),
        instanceId: orNull('string', 'of providerID'),
      },
      { optional: ['ready', 'addresses', 'taints', 'providerID', 'instanceId'] },
    ),
    state: { enum: Object.keys(CSR_STATES) },
    severity: { enum: ['ok', 'waiting', 'error', 'unknown'] },
    exitCode: { type: 'integer' },
    since: orNull('string', 'ISO 8601, where it is known'),
    reason: text('stable id, finer than the state'),
    message: text('sentences for a person'),
    remediation: list(object({ code: text(), text: text(), doc: text('a page') }, { optional: ['doc'] })),
    isSettled: { type: 'boolean', description: 'waiting does not change it' },
    identity: {
      anyOf: [object({ username: text(), groups: list(text()), arn: text() }, { optional: ['arn'] }), { type: 'null' }],
      description: 'who the API server takes this node for',
    },
    certificate: { anyOf: [csrCertificate, { type: 'null' }] },
    serving: {
      anyOf: [
        object({
          kind: { enum: ['certificate', 'alert', 'refused', 'silent', 'verified', 'rejected'] },
          text: orNull('string'),
          fingerprint256: orNull('string'),
          matchesFile: orNull('boolean'),
        }),
        { type: 'null' },
      ],
      description: 'what answers on the kubelet’s port',
    },
    csrs: list(csrRequest, 'newest first: of this node, then those that do not fit'),
    csrAttemptsLastHour: { type: 'integer', description: 'without a certificate' },
    clockSkewSeconds: orNull('number', 'this clock against the API server’s, positive: ahead'),
    checks: list(object({ id: text(), result: { enum: ['pass', 'warn', 'fail', 'skip'] }, text: text() }), 'what was looked at'),
  }),
};

const doctor: Schema = {
  $schema: DIALECT,
  title: 'bootwright doctor --json',
  ...object({
    schemaVersion: { const: 1 },
    kind: { const: 'doctor' },
    generatedAt: moment('by this machine'),
    rootCause: orNull('string', 'id of the check to mend first'),
    checks: list(
      object({
        id: { enum: CHECKS.map(({ id }) => id) },
        title: text('what is true when it passes'),
        after: list(text(), 'ids of the checks that it depends on'),
        result: { enum: ['pass', 'warn', 'fail', 'skip'] },
        evidence: text('what was seen'),
        remedy: orNull('string', 'what to do'),
        lines: list(text(), 'of a journal'),
        blockedBy: orNull('string', 'the failed check that makes this one meaningless'),
        link: orNull('string', 'a page that says more'),
        ms: { type: 'integer' },
      }),
      'in the order of causes',
    ),
  }),
};

/** Every schema by the name of its file. */
export const schemasOf = (): Readonly<Record<string, Schema>> => ({
  facts: { ...toJsonSchema(FactsSchema, { errorMode: 'ignore' }), $schema: DIALECT, title: 'bootwright facts' },
  plan,
  explain,
  report,
  'max-pods': maxPods,
  'config-check': configCheck,
  'config-explain': configExplain,
  'node-config': nodeConfigSchema(),
  csr,
  doctor,
});
