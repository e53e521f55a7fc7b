import { readFileSync } from 'node:fs';
import t from 'tap';
import { ECR_REGIONS } from '../../../src/core/data/ecr-accounts.ts';
import { partitionOf } from '../../../src/core/data/partitions.ts';

interface SdkPartition {
  readonly id: string;
  readonly outputs: { readonly dnsSuffix: string; readonly dualStackDnsSuffix: string };
  readonly regions: { readonly [region: string]: unknown };
}

/** The table that the AWS SDK carries, read from its source, as it is not exported. */
const sdkPartitions = (): readonly SdkPartition[] => {
  const source = readFileSync('node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js', 'utf8');
  const literal = source.slice(source.indexOf('{'), source.lastIndexOf('};') + 1);
  return (JSON.parse(literal) as { partitions: SdkPartition[] }).partitions;
};

t.test('every region of the SDK is in the partition that the SDK says', async (t) => {
  const partitions = sdkPartitions();
  t.ok(partitions.length >= 8);
  for (const { id, outputs, regions } of partitions) {
    for (const region of Object.keys(regions)) {
      if (region.endsWith('-global')) continue;
      t.same(partitionOf(region), { name: id, dnsSuffix: outputs.dnsSuffix, dualStackDnsSuffix: outputs.dualStackDnsSuffix }, region);
    }
  }
});

t.test('every region of EKS’s images is a region of the SDK', async (t) => {
  const known = new Set(sdkPartitions().flatMap(({ regions }) => Object.keys(regions)));
  t.same(
    ECR_REGIONS.filter((region) => !known.has(region)),
    [],
  );
});

t.test('a new region is taken to be in aws', async (t) => {
  t.equal(partitionOf('mars-north-1').name, 'aws');
});
