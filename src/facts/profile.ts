/** What the AWS configuration of a laptop says besides credentials. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadSharedConfigFiles } from '@smithy/core/config';
import type { Env } from './wait.ts';

/** The `region` of AWS_PROFILE, or of the default profile; undefined where there is none. The credentials file wins, as for the SDKs. */
export const profileRegion = async (env: Env): Promise<string | undefined> => {
  const home = env.HOME || homedir();
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    configFilepath: env.AWS_CONFIG_FILE || join(home, '.aws/config'),
    filepath: env.AWS_SHARED_CREDENTIALS_FILE || join(home, '.aws/credentials'),
  });
  const profile = env.AWS_PROFILE || 'default';
  return credentialsFile[profile]?.['region'] ?? configFile[profile]?.['region'];
};
