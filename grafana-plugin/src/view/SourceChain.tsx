import { formatAddress } from './format.ts';
import { partyName } from './lanes.ts';
import type { Path, SourceVerdict } from './model.ts';
import {
  type ChainLink,
  type ClientVisibility,
  chainSummary,
  sourceChainOf,
} from './sourceChain.ts';
import {
  believableText,
  CLIENT_SOURCE_WORDS,
  isSeen,
  MECHANISM_WORDS,
  ROLE_WORDS,
  SCENARIO_WORDS,
} from './words.ts';

const VISIBILITY_WORDS: Record<ClientVisibility, string> = {
  client: 'the source is the client',
  recoverable: 'not the client, but the receiver can learn it',
  hidden: 'not the client, and the receiver cannot learn it',
  unknown: 'whether the receiver can learn the client was not observed',
};

/** Which source address each party sees, what rewrote it and why, and where the client vanished or came back. */
export function SourceChain({ path }: { readonly path: Path }) {
  const { client } = path;
  return (
    <>
      <p className="ht-lead">{chainSummary(path)}</p>
      {path.sourceVerdict != null && <VerdictNote verdict={path.sourceVerdict} />}
      <ol className="ht-chain">
        <li className={`ht-link ht-link-${client.ip === null ? 'unknown' : 'client'}`}>
          <div className="ht-link-head">
            <strong>Client</strong>
            <span className="ht-mono">
              {client.ip === null ? 'not known' : formatAddress(client.ip, client.port)}
            </span>
          </div>
          <div className="ht-muted">
            {client.ip === null ? '' : CLIENT_SOURCE_WORDS[client.source]}
          </div>
        </li>
        {sourceChainOf(path).map((link) => (
          <ChainItem key={link.hop.index} link={link} />
        ))}
      </ol>
    </>
  );
}

/** The scenario by name, whether to believe the address, and what to do about it. */
function VerdictNote({ verdict }: { readonly verdict: SourceVerdict }) {
  const { scenario, believable, remedy } = verdict;
  const tone = { true: ' ht-tag-served', false: ' ht-tag-extra', null: '' }[`${believable}`];
  return (
    <>
      <div>
        <span className={`ht-tag${tone}`}>{SCENARIO_WORDS[scenario]}</span>{' '}
        <span className="ht-muted">{believableText(believable)}</span>
      </div>
      {remedy !== '' && <p>{remedy}</p>}
    </>
  );
}

function ChainItem({ link }: { readonly link: ChainLink }) {
  const { rewrite, seenBy, visibility, mark, source } = link;
  return (
    <li className={`ht-link ht-link-${visibility}`}>
      {rewrite !== null && (
        <div className="ht-rewrite">
          <span className="ht-tag">{MECHANISM_WORDS[rewrite.mechanism]}</span>{' '}
          <span className="ht-mono ht-small">
            {rewrite.before} → {rewrite.after}
          </span>
          <div className="ht-muted">{rewrite.cause}</div>
        </div>
      )}
      <div className="ht-link-head">
        <strong>{partyName(seenBy)}</strong>
        <span className="ht-muted">{ROLE_WORDS[seenBy.role]}</span>
        <span className="ht-muted">sees</span>
        <span className="ht-mono">{source ?? 'not observed'}</span>
        {mark === 'vanishes' && (
          <span className="ht-tag ht-tag-extra">client’s address vanishes here</span>
        )}
        {mark === 'recovered' && (
          <span className="ht-tag ht-tag-served">client can be learned again</span>
        )}
      </div>
      <div className="ht-muted">
        {VISIBILITY_WORDS[visibility]}
        {isSeen(link.hop) ? '' : '; concluded, no agent saw this hop'}
        {rewrite === null && link.hop.kind === 'nodeForward' ? '; no SNAT was recorded here' : ''}
      </div>
    </li>
  );
}
