import type { ReactNode } from 'react';
import type { Polled } from './usePoll.ts';

interface SectionProps {
  readonly title: string;
  readonly id?: string;
  readonly note?: string;
  readonly children: ReactNode;
}

/** A part of a page under its heading. */
export function Section({ title, id, note = '', children }: SectionProps) {
  return (
    <section className="section" id={id} aria-label={title}>
      <h2>{title}</h2>
      {note !== '' && <p className="dim">{note}</p>}
      {children}
    </section>
  );
}

/** In the place of a part that is on its way, or failed while others did not. */
export function Waiting({
  polled,
  what,
}: {
  readonly polled: Polled<unknown>;
  readonly what: string;
}) {
  return polled.failure === null ? (
    <p className="dim">Loading {what}…</p>
  ) : (
    <p className="status-stale" role="alert">
      ! {polled.failure.title}: {what} cannot be shown. {polled.failure.detail}
    </p>
  );
}
