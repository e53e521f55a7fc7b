import fc from 'fast-check';
import t from 'tap';
import type { InstanceType } from '../../../src/core/kubelet/instance-types.ts';
import { decodeLimits, limitsText } from '../../../src/core/kubelet/limits-file.ts';

const saidOf = (text: string): string[] => decodeLimits(text, 'f').diagnostics.map(({ line, message }) => `${line ?? '-'}: ${message}`);
const HEAD = 'instance_type,max_enis,ipv4_per_eni';

t.test('the three columns that count, comments, empty lines, CRLF', async (t) => {
  const { value } = decodeLimits(`# limits of 2026-12-01\r\n\r\n${HEAD}\r\nz9.large,3,10\r\n# end of 2027-01-01\r\n`, 'f');
  t.equal(value?.date, '2026-12-01');
  t.same([...(value?.types ?? [])], [['z9.large', { type: 'z9.large', enis: 3, ipv4PerEni: 10 }]]);
  t.equal(decodeLimits(`${HEAD}\nz9.large,3,10`, 'f').value?.date, undefined);
});

t.test('columns may stand in any order, and be empty where they need not be known', async (t) => {
  const { value } = decodeLimits(
    'vcpus,arch,instance_type,ipv4_per_eni,max_enis,hypervisor\n,,z9.large,10,3,unknown\n8,arm64,z9.xlarge,15,4,nitro',
    'f',
  );
  t.same(
    [...(value?.types.values() ?? [])],
    [
      { type: 'z9.large', enis: 3, ipv4PerEni: 10 },
      { type: 'z9.xlarge', enis: 4, ipv4PerEni: 15, vcpus: 8, arch: 'arm64', hypervisor: 'nitro' },
    ],
  );
});

t.test('all mistakes at once, each with its line', async (t) => {
  t.same(
    saidOf(
      [
        '# made by hand',
        `${HEAD},vcpus,hypervisor,bare_metal,arch`,
        'm5.large,3,10,2,nitro,false,amd64',
        'M5.large,0,x,-2,kvm,no,riscv',
        'm5.large,3,10,2,nitro,false,amd64',
        'm5.xlarge,4',
        'm5.2xlarge,,15,8,nitro,false,amd64',
        '<html>',
      ].join('\n'),
    ),
    [
      "4: instance_type 'M5.large' is not an instance type",
      "4: max_enis '0' is not a number from 1 on",
      "4: ipv4_per_eni 'x' is not a number from 1 on",
      "4: hypervisor 'kvm' is not nitro, xen or unknown",
      "4: bare_metal 'no' is not true or false",
      "4: vcpus '-2' is not a number from 1 on",
      "4: arch 'riscv' is not amd64 or arm64",
      '5: m5.large stands in line 3 already',
      '6: has 2 values for 7 columns',
      "7: max_enis '' is not a number from 1 on",
      '8: has 1 values for 7 columns',
    ],
  );
});

t.test('wrong columns', async (t) => {
  const { diagnostics } = decodeLimits('instance_type,max_eni,vcpus,vcpus\nm5.large,3,2,2\n', 'f');
  t.same(
    diagnostics.map(({ line, message, remedy }) => `${line}: ${message}. ${remedy}`),
    [
      "1: there is no column 'max_eni'. did you mean max_enis?",
      '1: column vcpus is there twice. leave one out',
      '1: column max_enis is missing. the first line names the columns: make the file with `bootwright max-pods --update`',
      '1: column ipv4_per_eni is missing. the first line names the columns: make the file with `bootwright max-pods --update`',
    ],
  );
});

t.test('nothing in it; far too much wrong with it', async (t) => {
  for (const text of ['', '\n\n', '# 2026-01-01\n', HEAD]) t.same(saidOf(text), ['-: holds no instance types']);
  const many = saidOf(`${HEAD}\n${'x\n'.repeat(60_000)}`);
  t.equal(many.length, 51);
  t.equal(many.at(-1), '-: 59950 more mistakes');
  t.same(saidOf(`${HEAD}\n__proto__.x,1,1\n`), ["2: instance_type '__proto__.x' is not an instance type"]);
});

t.test('what is written is read again, and the order of the input does not show', async () => {
  const word = fc.stringMatching(/^[a-z0-9-]{1,8}$/);
  const count = fc.integer({ min: 1, max: 9999 });
  const row = fc
    .record(
      {
        family: word,
        size: word,
        enis: count,
        ipv4PerEni: count,
        networkCards: count,
        hypervisor: fc.constantFrom('nitro' as const, 'xen' as const),
        bareMetal: fc.boolean(),
        vcpus: count,
        memoryMib: count,
        arch: fc.constantFrom('amd64' as const, 'arm64' as const),
        accelerator: word,
      },
      { requiredKeys: ['family', 'size', 'enis', 'ipv4PerEni'] },
    )
    .map(({ family, size, ...rest }): InstanceType => ({ type: `${family}.${size}`, ...rest }));
  const rows = fc.uniqueArray(row, { minLength: 1, maxLength: 20, selector: ({ type }) => type });
  fc.assert(
    fc.property(rows, (types) => {
      const text = limitsText(types, 'limits of 2026-12-01');
      const { value } = decodeLimits(text, 'f');
      const again = limitsText([...(value?.types.values() ?? [])].reverse(), 'limits of 2026-12-01');
      return again === text && value?.date === '2026-12-01' && value.types.size === types.length;
    }),
  );
});
