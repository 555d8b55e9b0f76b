import type { MouseEvent, ReactNode } from 'react';
import './panel.css';

interface PanelScrollProps {
  readonly width: number;
  readonly height: number;
  readonly children: ReactNode;
}

/**
 * The place of a view in a panel. Marks of the drawing lead to rows by `#hop-2`; in Grafana, whose base address
 * is the site, such a link would leave the dashboard, and two panels may hold the same id: it is followed here.
 */
export function PanelScroll({ width, height, children }: PanelScrollProps) {
  return (
    <div
      className="ht-in-panel"
      style={{ width, height, overflow: 'auto' }}
      onClickCapture={followInside}
    >
      {children}
    </div>
  );
}

function followInside(event: MouseEvent<HTMLElement>): void {
  if (!(event.target instanceof Element)) return;
  const reference = event.target.closest('a[href^="#"]')?.getAttribute('href');
  if (reference === undefined || reference === null) return;
  event.preventDefault();
  const row = event.currentTarget.querySelector<HTMLElement>(
    `[id="${CSS.escape(reference.slice(1))}"]`,
  );
  row?.scrollIntoView({ block: 'center' });
  row?.focus();
}
