import { formatShare, plural } from './format.ts';
import type { ScenarioCount, ServiceWays, SightingCount } from './model.ts';
import { MECHANISM_WORDS, ROLE_WORDS, SCENARIO_WORDS } from './words.ts';

const VISIBILITY_WORDS: Record<SightingCount['visibility'], string> = {
  client: 'is the client',
  recoverable: 'another address, but the client can be learned',
  hidden: 'another address, and the client cannot be learned',
  unknown: 'whether the client can be learned was not observed',
};
const GLYPHS: Record<SightingCount['visibility'], string> = {
  client: '●',
  recoverable: '◐',
  hidden: '○',
  unknown: '?',
};

interface SourceSharesProps {
  readonly ways: ServiceWays;
  readonly hrefOf: (pathId: string) => string;
}

/** Which source address each party saw, by share of requests, and which scenario that is. */
export function SourceShares({ ways, hrefOf }: SourceSharesProps) {
  const { sightings, scenarios, totals } = ways;
  if (sightings.length === 0 && scenarios.length === 0)
    return (
      <p className="ht-muted">No request of this range tells which source address was seen.</p>
    );
  const judged = scenarios.reduce((sum, { requests }) => sum + requests, 0);
  return (
    <div className="ht-shares">
      <ul aria-label="Scenarios" className="ht-scenarios">
        {scenarios.map((scenario) => (
          <Scenario key={scenario.scenario} {...{ scenario, judged, hrefOf }} />
        ))}
      </ul>
      {judged < totals.requests && (
        <p className="ht-muted">
          {plural(totals.requests - judged, 'request')} of {totals.requests} could not be judged.
        </p>
      )}
      <ol aria-label="What each party saw" className="ht-share-chain">
        {byRole(sightings).map(([role, seen]) => (
          <RoleShares key={role} {...{ role, seen, hrefOf }} />
        ))}
      </ol>
    </div>
  );
}

interface ScenarioProps {
  readonly scenario: ScenarioCount;
  readonly judged: number;
  readonly hrefOf: SourceSharesProps['hrefOf'];
}

function Scenario({ scenario, judged, hrefOf }: ScenarioProps) {
  const { requests, contradicted, believable, text, remedy, pathId } = scenario;
  const tone = contradicted > 0 ? 'extra' : believable === requests ? 'served' : 'plain';
  return (
    <li>
      <div>
        <strong className="ht-share">{formatShare(requests, judged)}</strong>{' '}
        <span className={`ht-tag ht-tag-${tone}`}>{SCENARIO_WORDS[scenario.scenario]}</span>{' '}
        <a href={hrefOf(pathId)}>
          an example<span className="ht-hidden"> of {SCENARIO_WORDS[scenario.scenario]}</span>
        </a>
      </div>
      <p>
        <span className="ht-muted">The newest says:</span> {text}
      </p>
      {contradicted > 0 && (
        <p className="ht-extra">
          In {plural(contradicted, 'request')} the address as claimed is not to be believed.
        </p>
      )}
      {remedy !== '' && (
        <p>
          <strong>What to change:</strong> {remedy}
        </p>
      )}
    </li>
  );
}

interface RoleSharesProps {
  readonly role: SightingCount['role'];
  readonly seen: readonly SightingCount[];
  readonly hrefOf: SourceSharesProps['hrefOf'];
}

function RoleShares({ role, seen, hrefOf }: RoleSharesProps) {
  const all = seen.reduce((sum, { requests }) => sum + requests, 0);
  const order = ['client', 'recoverable', 'hidden', 'unknown'] as const;
  const bars = order.map((visibility) => ({
    visibility,
    requests: seen
      .filter((each) => each.visibility === visibility)
      .reduce((sum, { requests }) => sum + requests, 0),
  }));
  return (
    <li className="ht-share-row">
      <div className="ht-share-role">
        <strong>{ROLE_WORDS[role]}</strong> <span className="ht-muted">saw as source</span>
      </div>
      <div className="ht-share-bar" aria-hidden="true">
        {bars.map(({ visibility, requests }) => (
          <i
            key={visibility}
            className={`ht-share-${visibility}`}
            style={{ width: `${(100 * requests) / all}%` }}
          />
        ))}
      </div>
      <ul className="ht-share-lines">
        {seen.map((each) => (
          <li key={`${each.seenAs} ${each.visibility} ${each.mechanism}`}>
            <span className="ht-share">{formatShare(each.requests, all)}</span>
            <span className={`ht-glyph-${each.visibility}`} aria-hidden="true">
              {GLYPHS[each.visibility]}
            </span>
            <span>
              {seenText(each)}
              {each.mechanism === 'none' ? '' : ` · ${MECHANISM_WORDS[each.mechanism]}`}
              {each.seenAs === 'client' ? '' : ` · ${VISIBILITY_WORDS[each.visibility]}`}{' '}
              <a href={hrefOf(each.pathId)}>
                example<span className="ht-hidden"> of {seenText(each)}</span>
              </a>
            </span>
          </li>
        ))}
      </ul>
    </li>
  );
}

function seenText({ seenAs }: SightingCount): string {
  if (seenAs === 'none') return 'not observed';
  if (seenAs === 'client') return 'the client';
  if (seenAs === 'unknown') return 'an address of nobody known on the path';
  const word = Object.entries(ROLE_WORDS).find(([role]) => role === seenAs)?.[1] ?? seenAs;
  return `the ${word}`;
}

/** In path order, by who received. */
function byRole(sightings: readonly SightingCount[]): [SightingCount['role'], SightingCount[]][] {
  const groups = new Map<SightingCount['role'], SightingCount[]>();
  for (const each of sightings) groups.set(each.role, [...(groups.get(each.role) ?? []), each]);
  return [...groups];
}
