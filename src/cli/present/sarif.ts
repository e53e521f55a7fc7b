/** Problems as SARIF 2.1.0, for code hosts and editors that show them beside the lines. */
import type { RawDocument } from '../../core/config/node-config/decode.ts';
import { redacted } from '../../core/redact.ts';
import type { Diagnostic } from '../../core/report.ts';
import { versionOf } from '../version.ts';
import { jsonText } from './plan-json.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** A place in the file where the part is as it was written there; a part that was encoded has only the file. */
const locationOf = (diagnostic: Diagnostic, files: ReadonlyMap<string, RawDocument['file']>): object => {
  const file = files.get(diagnostic.path);
  const logical = { logicalLocations: [{ fullyQualifiedName: [diagnostic.path, diagnostic.field].filter(Boolean).join(' ') }] };
  if (file === undefined) return logical;
  const region =
    diagnostic.line === undefined
      ? {}
      : {
          region: {
            startLine: file.line + diagnostic.line - 1,
            ...(diagnostic.column === undefined ? {} : { startColumn: diagnostic.column }),
          },
        };
  return { physicalLocation: { artifactLocation: { uri: encodeURI(file.path) }, ...region }, ...logical };
};

/** `files`: by the label of a document, the file and its first line there. */
export const sarifText = (diagnostics: readonly Diagnostic[], files: ReadonlyMap<string, RawDocument['file']>): string =>
  jsonText({
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'bootwright',
            semanticVersion: versionOf().version,
            rules: [...new Set(diagnostics.map(({ code }) => code))].sort().map((id) => ({ id })),
          },
        },
        results: diagnostics.map((diagnostic) => ({
          ruleId: diagnostic.code,
          level: diagnostic.severity,
          message: { text: redacted([diagnostic.field, `${diagnostic.message}.`, diagnostic.remedy].filter(Boolean).join(' ')) },
          locations: [locationOf(diagnostic, files)],
        })),
      },
    ],
  });
