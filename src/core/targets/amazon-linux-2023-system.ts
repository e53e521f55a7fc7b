/** Parts of the system beside containerd and the kubelet that a NodeConfig sets: environments of services, name servers. */
import type { DesiredFile } from '../desired.ts';
import { sortedEntries } from '../formats/go-json.ts';
import { assignmentText, cannotAssign } from '../formats/unit.ts';
import { MANAGER_ENVIRONMENT, RESOLVED_DROP_IN } from '../paths.ts';
import { type Because, type Diagnostic, errorAt } from '../report.ts';
import type { AmazonLinux2023Spec, Environment } from '../spec.ts';

/** Name of the map of variables that every service gets. */
const ALL = 'default';

export const serviceEnvironmentPath = (service: string): string =>
  service === ALL ? MANAGER_ENVIRONMENT : `/etc/systemd/system/${service}.service.d/environment.conf`;

const because = (rule: string, text: string): readonly Because[] => [{ rule, text, inputs: [] }];

const environmentFile = (service: string, variables: readonly (readonly [string, string])[]): DesiredFile => {
  const [section, key] = service === ALL ? ['Manager', 'DefaultEnvironment'] : ['Service', 'Environment'];
  const lines = variables.map(([name, value]) => `${key}=${assignmentText(name, value)}\n`).join('');
  const text = service === ALL ? 'Variables for every service.' : `Variables for ${service}.service.`;
  return {
    path: serviceEnvironmentPath(service),
    mode: 0o644,
    content: { kind: 'text', text: `[${section}]\n${lines}` },
    because: because('environment.given', text),
  };
};

/** The drop-ins; a service without variables gets none. */
export const environmentFiles = (environment: Environment): readonly DesiredFile[] =>
  sortedEntries(environment)
    .map(([service, variables]) => [service, sortedEntries(variables)] as const)
    .filter(([, variables]) => variables.length > 0)
    .map(([service, variables]) => environmentFile(service, variables));

const SERVICE = /^[A-Za-z0-9:_.\\@-]{1,240}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What systemd would drop, or a name that leads elsewhere. Values are not shown: they may hold passwords. */
export const environmentErrors = ({ options: { environment } }: AmazonLinux2023Spec): readonly Diagnostic[] =>
  Object.entries(environment?.value ?? {}).flatMap(([service, variables]) => {
    const at = environment?.at ?? '';
    const named = JSON.stringify(service);
    const wrong = SERVICE.test(service)
      ? []
      : [errorAt('invalid-service', at, `${named} is no name of a service`, 'Write it without .service, as in containerd.')];
    const values = Object.entries(variables).flatMap(([name, value]) => {
      if (!VARIABLE.test(name))
        return [
          errorAt('invalid-variable', at, `${JSON.stringify(name)} of ${named} is no name of a variable`, 'Use letters, digits and _.'),
        ];
      const message = `the value of ${name} of ${named} holds a character that systemd takes in no form`;
      return cannotAssign(value) ? [errorAt('control-character', at, message, 'Leave that character out.')] : [];
    });
    return [...wrong, ...values];
  });

/** The drop-in of systemd-resolved; undefined: nobody asked. */
export const resolvedFile = ({ options: { nameservers, domains } }: AmazonLinux2023Spec): DesiredFile | undefined => {
  const servers = nameservers?.value ?? [];
  const names = domains?.value ?? [];
  if (servers.length === 0 && names.length === 0) return undefined;
  return {
    path: RESOLVED_DROP_IN,
    mode: 0o644,
    content: { kind: 'text', text: `[Resolve]\nDNS=${servers.join(' ')}\nDomains=${names.join(' ')}\n` },
    because: because('resolved.given', 'Name servers and search domains were given.'),
  };
};

/** A word that would become two, or a line of its own. */
export const resolvedErrors = ({ options: { nameservers, domains } }: AmazonLinux2023Spec): readonly Diagnostic[] =>
  [
    { given: nameservers, what: 'name server' },
    { given: domains, what: 'search domain' },
  ].flatMap(({ given, what }) =>
    (given?.value ?? [])
      .filter((word) => !/^[^\s\p{Cc}#;]{1,255}$/u.test(word))
      .map((word) =>
        errorAt('invalid-name-server', given?.at ?? '', `${JSON.stringify(word)} is no ${what}`, 'Write one for each element.'),
      ),
  );
