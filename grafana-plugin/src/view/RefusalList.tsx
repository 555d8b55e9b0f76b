import type { MouseEvent } from 'react';
import { formatAddress, formatClock, formatNs, plural } from './format.ts';
import type { RefusalItem } from './model.ts';
import { OutcomeBadge } from './OutcomeBadge.tsx';
import { groupRefusals, type RefusalGroup } from './refusalGroups.ts';
import type { ViewTheme } from './theme.ts';
import { ViewRoot } from './ViewRoot.tsx';
import { CLIENT_SOURCE_SHORT, causeText, refusalTitle, serviceText } from './words.ts';

/** Groups are listed whole, their members up to here; each member has its path. */
const MAX_SHOWN = 50;

interface RefusalListProps {
  /** Newest first. */
  readonly refusals: readonly RefusalItem[];
  readonly theme: ViewTheme;
  readonly hrefOf: (pathId: string) => string;
  readonly onOpen?: (pathId: string) => void;
  readonly timeZone?: string;
}

/** Refused connections by problem: what, where, why, what to do, and each of them. */
export function RefusalList({ refusals, theme, ...rest }: RefusalListProps) {
  return (
    <ViewRoot theme={theme}>
      <ul className="ht-groups" aria-label="Refusals by cause">
        {groupRefusals(refusals).map((group) => (
          <Group key={group.key} group={group} {...rest} />
        ))}
      </ul>
    </ViewRoot>
  );
}

type GroupProps = Omit<RefusalListProps, 'refusals' | 'theme'> & { readonly group: RefusalGroup };

function Group({ group, ...rest }: GroupProps) {
  const { newest, items, clients } = group;
  const shown = items.slice(0, MAX_SHOWN);
  return (
    <li className="ht-group">
      <div className="ht-group-head">
        <OutcomeBadge outcome={newest.kind} />
        <h2>{causeText(newest.cause)}</h2>
        <span className="ht-group-count">{items.length}×</span>
      </div>
      <p>{newest.text}</p>
      {newest.remedy !== '' && (
        <p>
          <strong>What to do:</strong> {newest.remedy}
        </p>
      )}
      <p className="ht-muted ht-group-facts">
        <span>{refusalTitle(newest)}</span>
        <span>
          to{' '}
          <span className="ht-mono">
            {formatAddress(newest.destination.ip, newest.destination.port)}
          </span>
        </span>
        <span>{serviceText(newest.service)}</span>
        <span>{clients === 0 ? 'clients not known' : plural(clients, 'known client')}</span>
        <span>last {formatClock(newest.startedAtUs, rest.timeZone)}</span>
      </p>
      <details open={items.length <= 3}>
        <summary>{plural(items.length, 'connection')}</summary>
        <ul className="ht-members">
          {shown.map((item) => (
            <Member key={item.pathId} item={item} {...rest} />
          ))}
        </ul>
        {items.length > shown.length && (
          <p className="ht-muted">and {items.length - shown.length} more, not listed here</p>
        )}
      </details>
    </li>
  );
}

type MemberProps = Omit<GroupProps, 'group'> & { readonly item: RefusalItem };

function Member({ item, hrefOf, onOpen, timeZone }: MemberProps) {
  const { client } = item;
  const open = (event: MouseEvent) => {
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (onOpen === undefined || !isPlain) return;
    event.preventDefault();
    onOpen(item.pathId);
  };
  return (
    <li>
      <a className="ht-figure" href={hrefOf(item.pathId)} onClick={open}>
        {formatClock(item.startedAtUs, timeZone)}
      </a>
      <span className="ht-mono">
        {client.ip === null ? 'client not known' : formatAddress(client.ip, client.port)}
      </span>
      <span className="ht-muted">
        {client.ip === null ? '' : CLIENT_SOURCE_SHORT[client.source]}
      </span>
      <span className="ht-muted">
        {plural(item.synCount, 'SYN')}
        {item.afterNs > 0 ? `, refused after ${formatNs(item.afterNs)}` : ''}
        {item.reason === '' ? '' : `, ${item.reason}`}
      </span>
    </li>
  );
}
