/** Evaluates rules again and again, keeps alerts over restarts, and tells sinks. */
import {
  type AlertState,
  type AlertStates,
  step,
  windowsOf,
} from '@hoptrace/domain/alerts/lifecycle.ts';
import type { Observation } from '@hoptrace/domain/alerts/observation.ts';
import { shownAlerts } from '@hoptrace/domain/alerts/silences.ts';
import type { Alert, AlertRule, Silence } from '@hoptrace/domain/rest/alerts.ts';
import type { Call } from '../pathStore.ts';
import type { AlertMetrics } from './alertMetrics.ts';
import type { AlertStore } from './alertStore.ts';
import { Measurer } from './measure.ts';
import type { Sink } from './sink.ts';

/** What fires is written again so often, that its last value is known after a restart. */
const REWRITE_US = 60_000_000;
const MAX_ALERTS = 10_000;
/** Silences that other API processes wrote are seen after so long. */
const SILENCES_EVERY_US = 10_000_000;

export interface EngineDeps {
  readonly store: AlertStore;
  readonly rules: readonly AlertRule[];
  readonly sinks: readonly Sink[];
  readonly metrics: AlertMetrics;
  readonly intervalMs: number;
  readonly queryTimeoutMs: number;
  readonly nowUs: () => number;
  readonly log: (level: 'info' | 'warn', event: string, fields: object) => void;
}

export class AlertEngine {
  readonly #deps: EngineDeps;
  readonly #measurer: Measurer;
  readonly #stop = new AbortController();
  #states: AlertStates = new Map();
  #silences: readonly Silence[] = [];
  #silencesAtUs = 0;
  /** States that the store does not have yet, by id. */
  #unwritten = new Map<string, AlertState>();
  /** Loaded and not told: whoever was to be told when the process ended may not have been. */
  #untold: readonly AlertState[] = [];
  #rewrittenUs = 0;
  #isLoaded = false;
  #isWell = true;
  #evaluatedAtUs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: EngineDeps) {
    this.#deps = deps;
    this.#measurer = new Measurer(deps.store);
  }

  get rules(): readonly AlertRule[] {
    return this.#deps.rules;
  }

  /** When all that rules ask for was measured last, or a part of it; null: never yet. */
  get evaluatedAtUs(): number | null {
    return this.#evaluatedAtUs;
  }

  start(): void {
    if (this.#timer !== null || this.#stop.signal.aborted) return;
    const turn = () => {
      this.#running = this.evaluate().finally(() => {
        if (!this.#stop.signal.aborted) this.#timer = setTimeout(turn, this.#deps.intervalMs);
      });
    };
    this.#timer = setTimeout(turn, 0);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
    await Promise.all(this.#deps.sinks.map((sink) => sink.close()));
  }

  alerts(): Alert[] {
    return shownAlerts(this.#states.values(), this.#silences, this.#deps.nowUs());
  }

  silences(): Silence[] {
    const nowUs = this.#deps.nowUs();
    return this.#silences.filter(({ endsAtUs }) => endsAtUs > nowUs);
  }

  /** Those that ended since then too, as the store has them. Throws what the store throws. */
  silencesSince(sinceUs: number, call: Call): Promise<readonly Silence[]> {
    return this.#deps.store.readSilences(sinceUs, call);
  }

  /** Throws what the store throws: a silence that is not kept is not said to be set. */
  async setSilence(silence: Silence, call: Call): Promise<void> {
    await this.#deps.store.writeSilence(silence, this.#deps.nowUs(), call);
    const others = this.#silences.filter(({ silenceId }) => silenceId !== silence.silenceId);
    this.#silences = [...others, silence];
  }

  /** One turn. Never throws: what fails is counted, said once, and tried again in the next turn. */
  async evaluate(): Promise<void> {
    const { nowUs, metrics, rules } = this.#deps;
    const atUs = nowUs();
    try {
      if (!(await this.#load(atUs))) return;
      const measured = await this.#measure(atUs);
      const observationsOf = (rule: AlertRule) =>
        measured.get(`${rule.kind} ${rule.windowSeconds}`) ?? null;
      const { states, changes } = step(this.#states, { rules, observationsOf, nowUs: atUs });
      this.#keep(states, atUs);
      metrics.show(this.#states.values());
      this.#evaluatedAtUs = atUs;
      await this.#write(atUs);
      this.#tell([...this.#stillTrue(changes), ...changes], atUs);
    } catch (error) {
      metrics.evaluations.inc({ result: 'failed' });
      this.#sayIll(error);
    }
  }

  async #load(atUs: number): Promise<boolean> {
    const { store } = this.#deps;
    if (!this.#isLoaded) {
      const states = await this.#call((call) => store.readStates(atUs, call));
      // What was taken back before it fired is kept as resolved, and is nothing.
      const real = states.filter(
        ({ state, firedAtUs }) => state === 'pending' || firedAtUs !== null,
      );
      this.#states = new Map(real.map((state) => [state.alertId, state] as const));
      this.#untold = real.filter(({ state }) => state !== 'pending');
      this.#isLoaded = true;
    }
    if (atUs - this.#silencesAtUs >= SILENCES_EVERY_US) await this.#readSilences(atUs);
    return !this.#stop.signal.aborted;
  }

  /** Those that are known hold on where the store does not answer. */
  async #readSilences(atUs: number): Promise<void> {
    try {
      this.#silences = await this.#call((call) => this.#deps.store.readSilences(atUs, call));
      this.#silencesAtUs = atUs;
    } catch (error) {
      this.#sayIll(error);
    }
  }

  /** By kind and window; what could not be measured is left out. */
  async #measure(nowUs: number): Promise<Map<string, readonly Observation[]>> {
    const measured = new Map<string, readonly Observation[]>();
    let failure: unknown = null;
    for (const [kind, windows] of windowsOf(this.#deps.rules)) {
      for (const seconds of windows) {
        try {
          const seen = await this.#call((call) =>
            this.#measurer.observe(kind, seconds, { nowUs, ...call }),
          );
          measured.set(`${kind} ${seconds}`, seen);
          if (seconds === windows[0]) this.#deps.metrics.observe(kind, seen);
        } catch (error) {
          failure = error;
          // Whoever scrapes would take an old value for the present one.
          this.#deps.metrics.observe(kind, []);
        }
      }
    }
    if (failure !== null) this.#sayIll(failure);
    else this.#sayWell();
    this.#deps.metrics.evaluations.inc({ result: failure === null ? 'ok' : 'partly' });
    return measured;
  }

  #keep(states: AlertStates, nowUs: number): void {
    const kept = new Map(
      states.size <= MAX_ALERTS ? states : shownFirst(states).slice(0, MAX_ALERTS),
    );
    this.#deps.metrics.leftOut.set(states.size - kept.size);
    const isRewrite = nowUs - this.#rewrittenUs >= REWRITE_US;
    for (const [id, state] of kept) {
      const before = this.#states.get(id);
      const isNews = before?.state !== state.state || before.startedAtUs !== state.startedAtUs;
      const isOngoing = state.state !== 'resolved';
      if (isNews || (isRewrite && isOngoing)) this.#unwritten.set(id, state);
    }
    for (const [id, state] of this.#states)
      if (state.state === 'pending' && !kept.has(id))
        this.#unwritten.set(id, { ...state, state: 'resolved', resolvedAtUs: nowUs });
    if (isRewrite) this.#rewrittenUs = nowUs;
    this.#states = kept;
  }

  /** Where the store does not take it, people are told all the same; it is written in a later turn. */
  async #write(nowUs: number): Promise<void> {
    const states = [...this.#unwritten.values()];
    if (states.length === 0) return;
    try {
      await this.#call((call) => this.#deps.store.writeStates(states, nowUs, call));
      this.#unwritten = new Map();
    } catch (error) {
      this.#sayIll(error);
    }
  }

  /** What was loaded, once, as far as this evaluation did not change it. */
  #stillTrue(changes: readonly AlertState[]): AlertState[] {
    const changed = new Set(changes.map(({ alertId }) => alertId));
    const loaded = this.#untold;
    this.#untold = [];
    return loaded.flatMap(({ alertId }) =>
      changed.has(alertId) ? [] : (this.#states.get(alertId) ?? []),
    );
  }

  #tell(changes: readonly AlertState[], nowUs: number): void {
    const isTold = ({ isSilenced }: Alert) => !isSilenced;
    const told = this.alerts().filter((alert) => isTold(alert) && alert.state !== 'pending');
    const news = shownAlerts(changes, this.#silences, nowUs).filter(isTold);
    for (const sink of this.#deps.sinks) sink.tell(told, news, nowUs);
  }

  #call<T>(ask: (call: Call) => Promise<T>): Promise<T> {
    const timeout = AbortSignal.timeout(this.#deps.queryTimeoutMs);
    return ask({ signal: AbortSignal.any([this.#stop.signal, timeout]) });
  }

  #sayIll(error: unknown): void {
    if (this.#stop.signal.aborted || !this.#isWell) return;
    this.#isWell = false;
    const reason = error instanceof Error ? error.message : String(error);
    this.#deps.log('warn', 'alerts could not be evaluated', { reason });
  }

  #sayWell(): void {
    if (!this.#isWell) this.#deps.log('info', 'alerts are evaluated again', {});
    this.#isWell = true;
  }
}

const shownFirst = (states: AlertStates): [string, AlertState][] =>
  shownAlerts(states.values(), [], 0).map(({ isSilenced: _, ...state }) => [state.alertId, state]);
