import { expect, test } from '@jest/globals';
import { LossLedger, newMetrics, prometheusText } from './metrics.ts';

test('each loss is told once', () => {
  const metrics = newMetrics();
  const ledger = new LossLedger(metrics);
  metrics.ringLostTotal = 3;
  metrics.unsentRecordsTotal = 1;
  expect(ledger.take()).toEqual({ ringEvents: 3, badFrames: 0, evictedLegs: 0, unsentRecords: 1 });
  metrics.ringLostTotal = 4;
  metrics.badFramesTotal = 2;
  metrics.evictedLegsTotal = 5;
  expect(ledger.take()).toEqual({ ringEvents: 1, badFrames: 2, evictedLegs: 5, unsentRecords: 0 });
});

test('Prometheus text has help, type and value of each metric', () => {
  const metrics = newMetrics();
  metrics.openLegs = 12;
  const text = prometheusText(metrics);
  expect(text).toContain(
    '# HELP hoptrace_agent_open_legs legs in memory\n# TYPE hoptrace_agent_open_legs gauge\nhoptrace_agent_open_legs 12\n',
  );
  expect(text).toContain('# TYPE hoptrace_agent_stored_records_total counter\n');
});
