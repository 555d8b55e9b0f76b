/** docs/errors.md, written from the services' own tables. `UPDATE=1 npm run test:unit -- errorDocs` rewrites it. */
import { AGENT_ERRORS } from '@hoptrace/agent/errors.ts';
import { ERRORS as API_ERRORS } from '@hoptrace/api/errors.ts';
import { ERRORS as COLLECTOR_ERRORS } from '@hoptrace/collector/errors.ts';
import { STORE_ERROR_CODES } from '@hoptrace/store/errors.ts';

interface HttpError {
  readonly status: number;
  readonly title: string;
}

export function errorDocs(): string {
  return `# Errors

Every answer other than a result is RFC 9457 problem details (\`application/problem+json\`) with a \`code\` of these
tables; \`detail\` says what failed with which value, \`errors\` names each field and its remedy. Status 0: the service
does not start. This page is written from the code (\`scripts/errorDocs.ts\`).

## API (port 7040)

${httpTable(API_ERRORS)}

## Collector (port 7041)

${httpTable(COLLECTOR_ERRORS)}

## Store

Shown at start, or as the cause of a service's own error, always with a remedy.

${STORE_ERROR_CODES.map((code) => `- \`${code}\``).join('\n')}

## Agent

${Object.entries(AGENT_ERRORS)
  .map(([code, text]) => `- \`${code}\`: ${text}`)
  .join('\n')}
`;
}

function httpTable(errors: Readonly<Record<string, HttpError>>): string {
  const rows = Object.entries(errors).map(
    ([code, { status, title }]) =>
      `| \`${code}\` | ${status} | ${title.charAt(0).toLowerCase()}${title.slice(1)} |`,
  );
  return ['| code | status | meaning |', '|---|---|---|', ...rows].join('\n');
}
