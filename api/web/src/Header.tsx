import { Link } from './Link.tsx';
import type { Memory } from './memory.ts';
import type { Route } from './route.ts';
import { THEME_CHOICES, type ThemeChoice } from './useTheme.ts';

interface HeaderProps {
  readonly page: Route['page'];
  /** Alerts that fire now. */
  readonly firing: number;
  readonly isLive: boolean;
  readonly onLive: (isLive: boolean) => void;
  readonly themeChoice: ThemeChoice;
  readonly onTheme: (choice: ThemeChoice) => void;
  readonly memory: Memory;
}

/** Name, pages, live switch, theme. */
export function Header({
  page,
  firing,
  isLive,
  onLive,
  themeChoice,
  onTheme,
  memory,
}: HeaderProps) {
  const next = THEME_CHOICES[(THEME_CHOICES.indexOf(themeChoice) + 1) % THEME_CHOICES.length];
  return (
    <header className="head">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Link href="/" className="brand">
        <Mark />
        <span className="brand-name">hoptrace</span>
      </Link>
      <nav aria-label="Pages">
        <Link href={memory.pathsHref} isCurrent={page === 'paths' || page === 'path'}>
          Paths
        </Link>
        <Link
          href="/services"
          isCurrent={page === 'services' || page === 'service' || page === 'compare'}
        >
          Services
        </Link>
        <Link href={memory.refusalsHref} isCurrent={page === 'refusals'}>
          Refusals
        </Link>
        <Link href="/alerts" isCurrent={page === 'alerts'}>
          Alerts
          {firing > 0 && (
            <span className="firing" title={`${firing} fire now`}>
              {firing}
            </span>
          )}
        </Link>
        <Link href="/topology" isCurrent={page === 'topology'}>
          Topology
        </Link>
        <Link href="/agents" isCurrent={page === 'agents'}>
          Agents
        </Link>
        <a href="/api/docs" className="wide-only">
          API
        </a>
      </nav>
      <button
        type="button"
        className="live"
        aria-pressed={isLive}
        onClick={() => onLive(!isLive)}
        title={
          isLive ? 'Refreshes every few seconds; press to pause' : 'Paused; press to refresh again'
        }
      >
        <span className={isLive ? 'live-dot' : 'live-dot live-dot-off'} aria-hidden="true" />
        {isLive ? 'Live' : 'Paused'}
      </button>
      <button
        type="button"
        className="theme"
        onClick={() => onTheme(next ?? 'system')}
        aria-label={`Theme: ${themeChoice}; press for ${next}`}
      >
        <span aria-hidden="true">{{ system: '◐', light: '☀', dark: '☾' }[themeChoice]}</span>
        <span className="wide-only">{themeChoice}</span>
      </button>
    </header>
  );
}

function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
      <path className="mark-line" d="M6 9h7q3 0 3 3v8q0 3 3 3h7" />
      <circle className="mark-dot" cx="6.5" cy="9" r="4" />
      <circle className="mark-hop" cx="16" cy="16" r="4" />
      <circle className="mark-dot" cx="25.5" cy="23" r="4" />
    </svg>
  );
}
