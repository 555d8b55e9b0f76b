import type { MouseEvent } from 'react';
import { formatClock, plural } from './format.ts';
import type { Alert } from './model.ts';
import type { ViewTheme } from './theme.ts';
import { ViewRoot } from './ViewRoot.tsx';

interface AlertListProps {
  /** In the order in which the API gives them: what fires first, the gravest first. */
  readonly alerts: readonly Alert[];
  readonly theme: ViewTheme;
  readonly hrefOf: (pathId: string) => string;
  /** Of `namespace/name`; left out: Services are not linked. */
  readonly serviceHrefOf?: (service: string) => string;
  /** Takes a plain click on one of these links; left out: the browser follows it. */
  readonly onOpen?: (href: string) => void;
  readonly timeZone?: string;
}

/** Alerts: what, since when, what to do, the Service that it is about, an example. */
export function AlertList({ alerts, theme, ...rest }: AlertListProps) {
  return (
    <ViewRoot theme={theme}>
      <ul className="ht-groups" aria-label="Alerts">
        {alerts.map((alert) => (
          <Item key={alert.alertId} alert={alert} {...rest} />
        ))}
      </ul>
    </ViewRoot>
  );
}

const STATES = { firing: 'Fires', pending: 'Waits', resolved: 'Resolved' } as const;

/** Their texts say how many. */
const COUNTED_IN_TEXT: ReadonlySet<Alert['kind']> = new Set([
  'refusedConnections',
  'loadBalancerUnhealthyNode',
]);

type ItemProps = Omit<AlertListProps, 'alerts' | 'theme'> & { readonly alert: Alert };

function Item({ alert, hrefOf, serviceHrefOf, onOpen, timeZone }: ItemProps) {
  const { state, severity, text, remedy, pathId, isSilenced, isStale, labels } = alert;
  const service = serviceOf(alert);
  const linkTo = (href: string) => ({
    href,
    onClick: (event: MouseEvent) => {
      const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
      if (onOpen === undefined || !isPlain) return;
      event.preventDefault();
      onOpen(href);
    },
  });
  return (
    <li className={`ht-group ht-alert ht-alert-${state === 'firing' ? severity : state}`}>
      <div className="ht-group-head">
        <span className="ht-alert-state">{STATES[state]}</span>
        <h2>{text}</h2>
      </div>
      {isStale && (
        <p className="ht-alert-stale">
          Whether it still holds is not known: the last evaluation could not be made.
        </p>
      )}
      {remedy !== '' && (
        <p>
          <strong>What to do:</strong> {remedy}
        </p>
      )}
      <p className="ht-muted ht-group-facts">
        <span>{severity}</span>
        <span>since {formatClock(alert.startedAtUs, timeZone)}</span>
        {state === 'resolved' && alert.resolvedAtUs !== null && (
          <span>until {formatClock(alert.resolvedAtUs, timeZone)}</span>
        )}
        {!COUNTED_IN_TEXT.has(alert.kind) && alert.count > 1 && (
          <span>of {plural(alert.count, 'request')}</span>
        )}
        {isSilenced && <span>silenced</span>}
        <span className="ht-mono">
          {[alert.ruleId, ...Object.values(labels)].filter((part) => part !== '').join(' · ')}
        </span>
        {service !== null && serviceHrefOf !== undefined && (
          <a {...linkTo(serviceHrefOf(service))}>{service}</a>
        )}
        {pathId !== null && <a {...linkTo(hrefOf(pathId))}>an example</a>}
      </p>
    </li>
  );
}

function serviceOf({ labels: { namespace = '', service = '' } }: Alert): string | null {
  return namespace === '' || service === '' ? null : `${namespace}/${service}`;
}
