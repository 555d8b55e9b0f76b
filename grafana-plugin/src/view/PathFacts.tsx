import type { ReactNode } from 'react';
import { formatAddress, plural } from './format.ts';
import type { Path } from './model.ts';
import { OutcomeBadge } from './OutcomeBadge.tsx';
import {
  CLASS_WORDS,
  CLIENT_SOURCE_WORDS,
  extraHopsOf,
  extraHopsText,
  extraHopsTitle,
  OUTCOME_WORDS,
  seenText,
  serviceText,
} from './words.ts';

interface FactProps {
  readonly name: string;
  readonly detail: string;
  readonly children: ReactNode;
}

function Fact({ name, detail, children }: FactProps) {
  return (
    <div className="ht-fact">
      <dt>{name}</dt>
      <dd>
        <span className="ht-fact-value">{children}</span>
        <span className="ht-muted">{detail}</span>
      </dd>
    </div>
  );
}

/** The path in eight figures, each with the sentence that says what it means. */
export function PathFacts({ path }: { readonly path: Path }) {
  const { client } = path;
  const verdict = extraHopsOf(path);
  return (
    <dl className="ht-facts">
      <Fact name="Outcome" detail={OUTCOME_WORDS[path.outcome]}>
        <OutcomeBadge outcome={path.outcome} />
      </Fact>
      <Fact name="Service" detail={`cluster ${path.cluster}`}>
        {serviceText(path.service)}
      </Fact>
      <Fact name="Client" detail={client.ip === null ? '' : CLIENT_SOURCE_WORDS[client.source]}>
        {client.ip === null ? (
          'not known'
        ) : (
          <span className="ht-mono">{formatAddress(client.ip, client.port)}</span>
        )}
      </Fact>
      <Fact name="Crossings between machines" detail={crossingsDetail(path)}>
        {crossingsText(path)}
      </Fact>
      <Fact
        name="Extra hops"
        detail={
          verdict.notJudged > 0
            ? extraHopsTitle(verdict)
            : 'crossings that an allowed choice would have avoided'
        }
      >
        <span className={verdict.known > 0 ? 'ht-extra' : ''}>{extraHopsText(verdict)}</span>
      </Fact>
      <Fact name={`Class ${path.class}`} detail={CLASS_WORDS[path.class].text}>
        {CLASS_WORDS[path.class].name}
      </Fact>
      <Fact name="Confidence" detail="lower bound of the chance that all joints are right">
        {formatConfidence(path.confidence)}
      </Fact>
      <Fact name="Completeness" detail={seenText(path)}>
        {formatPercent(path.completeness)}
      </Fact>
    </dl>
  );
}

function crossingsText({ crossings, hops }: Path): string {
  if (unknownCrossings(hops) === 0) return `${crossings}`;
  return crossings === 0 ? 'not known' : `at least ${crossings}`;
}

function crossingsDetail({ hops }: Path): string {
  const unknown = unknownCrossings(hops);
  const missing = unknown === 0 ? '' : `; of ${unknown} not both machines are known`;
  return `in ${plural(hops.length, 'hop')}${missing}`;
}

function unknownCrossings(hops: Path['hops']): number {
  return hops.filter((hop) => hop.crossesNode === null).length;
}

/** Rounds down: 0.99996 is not certainty. */
function formatConfidence(confidence: number): string {
  return `${(Math.floor(confidence * 10_000) / 100).toString()} %`;
}

function formatPercent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
