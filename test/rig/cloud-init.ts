/** cloud-init's units as another version or distribution orders them: see cloud-init/README.md. */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rigDirectory } from './shell.ts';

export const CLOUD_INITS = ['debian-22.4', 'debian-25.1', 'rhel-24.4', 'amazon-22.2'] as const;
export type CloudInit = (typeof CLOUD_INITS)[number];

/** The stage that fetches user data. */
export const networkStageOf = (cloudInit: CloudInit): string =>
  cloudInit.endsWith('22.4') || cloudInit.endsWith('22.2') ? 'cloud-init.service' : 'cloud-init-network.service';

/** Into a prepared root, whose own ones are those of Debian 12. */
export const installCloudInit = (root: string, cloudInit: CloudInit): void => {
  if (cloudInit === 'debian-22.4') return;
  const units = join(root, 'usr/lib/systemd/system');
  const folder = join(rigDirectory, 'cloud-init', cloudInit);
  const old = globSync(['cloud-init{,-local}.service', 'cloud-{config,final}.service'], { cwd: units });
  execFileSync('systemctl', ['--root', root, '--quiet', 'disable', ...old]);
  for (const name of old) rmSync(join(units, name));
  cpSync(folder, units, { recursive: true });
  execFileSync('systemctl', ['--root', root, '--quiet', 'enable', ...readdirSync(folder).filter((name) => name.endsWith('.service'))]);
};
