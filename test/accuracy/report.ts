/** Writes docs/accuracy.md from a run. The tables are the run's; the words around them are here. */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import type { ResultRow } from '../lab/commands/output.ts';
import type { AccuracyRun } from './run.ts';

const PAGE = new URL('../../docs/accuracy.md', import.meta.url);

export function writeReport(run: AccuracyRun): void {
  writeFileSync(PAGE, pageOf(run));
}

function pageOf(run: AccuracyRun): string {
  const { args, tally, seconds, result } = run;
  const missed = result.rows.filter((row) => !row.met).length;
  return `# Accuracy

How right is the path engine? This page is written by a command, from one run of it:

\`\`\`
npm run accuracy -- --seed ${args.seed} --paths ${args.paths} --seconds ${args.seconds} --docs
\`\`\`

Seed ${args.seed}: ${number(tally.get('worlds'))} worlds, ${number(tally.get('true paths'))} true paths, ${number(tally.get('records'))} records, ${Math.round(seconds)} s, on ${availableParallelism()} CPUs (${cpus()[0]?.model ?? 'unknown'}), Linux ${release()}, Node ${process.version}.
${missed === 0 ? 'Every goal is met.' : `**${missed === 1 ? '1 goal is missed' : `${missed} goals are missed`}**, marked below.`}${run.tally.get('true paths') < 1_000_000 ? ` The goal of a million paths is not reached in one run of this length: ${number(tally.get('true paths'))} were judged.` : ''}

| quantity | value | goal | |
|---|--:|--:|---|
${result.rows.map(line).join('\n')}

| worlds | |
|---|--:|
${tally
  .startingWith('world of kind: ')
  .map(([kind, count]) => `| ${kind} | ${number(count)} |`)
  .join('\n')}

## Falsely complete paths, by kind

A path is falsely complete where \`completeness\` is 1 (class A, B or C) and a hop is missing or wrong.

${kinds(run)}

${HOW}`;
}

function line({ name, value, goal, unit, met }: ResultRow): string {
  const verdict = goal === null ? '' : met ? 'met' : '**missed**';
  return `| ${name} | ${number(value)} ${unit === 'share' ? '' : unit} | ${goal === null ? '' : number(goal)} | ${verdict} |`;
}

function kinds({ tally, examples }: AccuracyRun): string {
  const counted = tally.startingWith('false: ');
  if (counted.length === 0) return 'None.';
  const rows = counted.map(([kind, count]) => `| ${kind} | ${number(count)} |`);
  const one = examples.map((example) => `- ${example}`);
  return [
    '| kind | paths |',
    '|---|--:|',
    ...rows,
    '',
    'The first of each; `--world` makes its world again:',
    '',
    ...one,
  ].join('\n');
}

function number(value: number): string {
  if (!Number.isFinite(value)) return 'not measured';
  return Number.isInteger(value)
    ? value.toLocaleString('en')
    : String(Number(value.toPrecision(6)));
}

const HOW = `## How it is measured

\`test/simulator\` makes small clusters from a seed: nodes, Pods, Services under \`Cluster\` and \`Local\`, a load balancer
(none, TCP proxy, TCP proxy with PROXY headers, address translation; watched by an agent or not), ingress proxies of three
kinds, refusals (dropped, rejected, reset by node and by Pod), half-open floods. Some worlds are IPv6; in some the nodes
answer handshakes by SYNPROXY, a firewall between load balancer and nodes draws new sequence numbers, backends refuse
one connection of the proxies in ten, who then try another one, or clients speak HTTP/2. Packets take time; every agent has a clock
of its own, and a stamp at every tap. The records go through the real wire format, are cut into components by the
collector's own keys, and \`reconstruct()\` says what happened. \`test/accuracy\` compares that with what did.

| weather, one world in three each | ports | clocks | events |
|---|---|---|---|
| calm | fresh | ±2 ms, ±1 ppm | none lost |
| hostile | reused 50 ms after their end, as often as the table says | ±5 s, ±50 ppm, one step of up to 2 s | 10 % of records and 2 % of packet events lost, 2 % of SYNs lost, 5 % of batches twice, up to 5 s late |
| broken | as hostile, with fewer clients | as hostile | 2 % of records lost; one agent in five silent, three in ten restart once |

- Cross-node links: pairs of legs on two machines that the engine puts into one connection (class D claims nothing),
  in hostile worlds only. Recall: pairs of delivered legs that both know both ISNs. "Without ISNs": the same worlds with
  all hashes taken away. Legs on the two sides of a SYNPROXY or such a firewall share no ISNs and are not counted as pairs.
- Proxy links: pairs of connections that a path puts one behind the other by a \`proxy\` hop. nginx (\`lastRead\`), HAProxy
  (\`oldest\`) and Go (\`mixed\`) differ in the order in which threads read and act; what the kernel says about it follows
  \`agent/bpf/proxy_rules.bpf.h\`.
- HTTP/2, in some worlds: 3, 30 or 100 % of the clients send up to six requests at once on one connection, and the next
  when all are answered; in one such world in four the proxies speak it to the backends, too. Streams are in no record.
  The kernel sees bursts: several requests in one read, the SETTINGS of the server as the "response" to the first burst,
  their acknowledgement as a burst of its own, one response link for the first write and none for the others. The model was
  held against recordings of nginx 1.22 and HAProxy 2.6 through the agent's own programs (20 connections, 20 times up
  to five streams). Known is which connection caused which, not which request: one connection of a client makes a path for
  each upstream connection. With nginx's order the last read is right; what the response says is often of the proxy's own
  making, so much stays unproven. With HAProxy's no rule holds once a queue lost step: a link is then strong (class B) where a
  response confirms it and nobody else claims it, never a proof, and that the proxy answered by itself is not believed.
  Such worlds tell of no exchanges, as a burst is no request there, and the rows by kind of proxy leave them out.
- Round trips: true is what the packets themselves took between the two taps, without stamp noise (σ = 0.15 µs a stamp,
  from −0.5 to +0.4 µs measured on the difference of four) and drift. One-ended values are bounds only.
  The clocks are known to each set of records as the collector knows them live: from the sets before it. One-way times
  are those of the ACK where both taps saw it, else of the SYN.
- Requests: one world in two tells of exchanges. "Request cost" is the wait for a response at one tap minus that at the
  next, "proxy time" that in front of a proxy minus that behind it. "Of the path's own request" are those that a path
  ascribes to one request; of several the middle one is judged where all were timed.
- Request ids, first flights, byte counters, times: those worlds again, whole, without thread links and PROXY headers; byte
  counters also without first flights. "At once": mean number of other requests inside the proxy when one comes in. The
  engine claims nothing from times above 2; the rows above that show what would be.
- Timing on the live road: calm worlds with exchanges, and a few of the others, without thread links and PROXY headers,
  record by record through the collector's stitcher, which has to find out itself when a window is whole.
- Outcomes count as right where the path says what happened, or says that it does not know.
- Same answer: one world in eight is given again, shuffled and with repetitions; the documents must be equal.

## Known limits

- A simulator proves the engine against this model of the world, not against kernels: for that see \`npm run lab -- check\`.
- Simulated proxies pass requests on more regularly than real ones: precision and cover of links by times are upper
  bounds. Packet captures of nginx, HAProxy and Caddy gave 81 to 91 % by times alone around one request at once, 99.8 to
  100 % with sizes.
- Times speak on the live road only where an agent says that it told of every request, and lost none: docs/adr/0008.
- Not simulated: TLS handshakes as bursts of their own, pipelining, proxies that repeat a request which a backend had
  already taken.
- With HTTP/2 recall falls with the share of clients that send several requests at once, whatever the proxy: in 12 calm
  worlds 0.81 to 0.97 of the links at 3 % of the clients, 0.44 to 0.62 at 30 %, 0.05 to 0.15 at 100 %. Several requests in one
  read are one burst to the kernel, and which of them went upstream stands in the frames, which no record tells.
- Of HTTP/2 not simulated: flow control (WINDOW_UPDATE), PING, GOAWAY, streams that are reset, its exchanges, Envoy.
- Not simulated: Services by ClusterIP between Pods, hostNetwork Pods,
  topology that changes during a run, clocks whose rate wanders (domain/src/clock tests those).
- The Go proxy is a model with two threads and random wake-ups, set so that its last-read rule is right in 85 to 92 % and
  its oldest rule in 57 to 80 % of links; Caddy measured 68 to 98 % and 25 to 82 %.
- Worlds last seconds: connections of hours, ISN wraps and agents that return after minutes are scenarios, not worlds.
`;
