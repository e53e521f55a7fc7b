/** What the case folders do not show of the files: who may read them. */
import t from 'tap';
import { CREDENTIAL_PROVIDER_CONFIG } from '../../../src/core/paths.ts';
import { emptyObserved } from '../../../src/core/plan.ts';
import { PLAIN_2023, resultOf2023 } from '../support/case-2023.ts';

const modesOf = (name: string): ReadonlyMap<string, number> =>
  new Map(resultOf2023(name, emptyObserved('/')).desired?.files.map(({ path, mode }) => [path, mode]));

t.test('everybody may read what nodeadm writes, as there', async (t) => {
  const modes = modesOf(PLAIN_2023);
  t.ok(modes.size > 5);
  t.strictSame(new Set(modes.values()), new Set([0o644]));
});

t.test('only root reads the environment of credential providers', async (t) => {
  const modes = modesOf('bootwright-providers');
  t.equal(modes.get(CREDENTIAL_PROVIDER_CONFIG), 0o600);
  t.strictSame([...modes].filter(([, mode]) => mode !== 0o644).length, 1);
});
