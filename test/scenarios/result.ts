/** How one scenario came out, shared by the decision-table suite and the adversarial suite. */
export type ScenarioResult = {
  readonly id: string;
  readonly suite: 'table' | 'adversarial';
  readonly right: boolean;
  /** What differed from expected.json, one sentence each; empty where `right`. */
  readonly reasons: readonly string[];
};
