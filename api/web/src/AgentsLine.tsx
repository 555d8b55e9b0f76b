import type { Overview } from './api.ts';

/** Whether anybody watches. One line high even while it is not known, so that nothing below moves. */
export function AgentsLine({ agents }: { readonly agents: Overview['agents'] | null }) {
  if (agents === null) return <p className="agents">{'\u00a0'}</p>;
  const { known, silent } = agents;
  if (silent > 0) {
    return (
      <p className="agents agents-silent">
        ! {silent} of {known} agents silent: what happens on their nodes is not seen at present.
      </p>
    );
  }
  return (
    <p className="agents">
      {known === 0 ? 'No agent has reported yet.' : `Agents reporting: ${known}.`}
    </p>
  );
}
