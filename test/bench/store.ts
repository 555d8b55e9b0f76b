/** What a request takes on disk: ours, and the same observations as others lay them out, on one engine in one run. */
import { columnsOf, rollUpAll, sizeOf, startFilledStore } from './corpus/fill.ts';
import { LEGS_PER_REQUEST } from './corpus/requests.ts';
import {
  AKVORADO_DDL,
  DEEPFLOW_DDL,
  FILL_AKVORADO,
  FILL_DEEPFLOW,
  FILL_OTEL,
  OTEL_DDL,
} from './corpus/rivals.ts';
import { atMostRow, type Bench, infoRow } from './rows.ts';

const MEAN_GAP_US = 50;

export async function benchStore(requests: number): Promise<Bench> {
  // In the middle of a day, so that all of it is one partition.
  const startUs = Math.floor(Date.now() / 86_400_000) * 86_400_000_000 - 43_200_000_000;
  const { store, entropyBytes, stop } = await startFilledStore({
    ...{ requests, startUs, meanGapUs: MEAN_GAP_US },
  });
  try {
    await rollUpAll(store, startUs, startUs + requests * MEAN_GAP_US * 2);
    for (const ddl of [...OTEL_DDL, AKVORADO_DDL, DEEPFLOW_DDL]) await store.command(ddl);
    for (const fill of [FILL_OTEL, FILL_AKVORADO, FILL_DEEPFLOW]) await store.command(fill);
    const perRequest = async (...tables: string[]) => {
      let bytes = 0;
      for (const table of tables) bytes += (await sizeOf(store, table)).bytes;
      return bytes / requests;
    };
    const path = await perRequest('paths_v1');
    const legs = await perRequest('legs_v1');
    const rollups = await perRequest('service_minutes_v1', 'hop_minutes_v1', 'minute_runs_v1');
    const otel = await perRequest('otel_traces', 'otel_traces_trace_id_ts');
    const akvorado = (await perRequest('akvorado')) / LEGS_PER_REQUEST;
    const deepflow = (await perRequest('deepflow')) / LEGS_PER_REQUEST;
    const leg = legs / LEGS_PER_REQUEST;
    const legEntropy = entropyBytes / LEGS_PER_REQUEST;
    return {
      rows: [
        infoRow('entropy of the corpus, a request', entropyBytes, 'B'),
        infoRow('entropy of the corpus, a raw leg', legEntropy, 'B'),
        atMostRow('a path of a request with five legs', path, 32, 'B'),
        atMostRow('path over corpus entropy', path / entropyBytes, 1.35, '×'),
        infoRow('OTel exporter schema, a request', otel, 'B'),
        infoRow('OTel exporter schema over our path', otel / path, '×'),
        infoRow('roll-ups by minute, a request', rollups, 'B'),
        infoRow('our raw leg', leg, 'B'),
        infoRow('our raw leg over corpus entropy', leg / legEntropy, '×'),
        infoRow('Akvorado-like row', akvorado, 'B'),
        infoRow('DeepFlow-like row', deepflow, 'B'),
        infoRow('our raw leg over DeepFlow-like', leg / deepflow, '×'),
        atMostRow('our raw leg over Akvorado-like', leg / akvorado, 0.78, '×'),
      ],
      details: {
        requests,
        pathColumns: await columnsOf(store, 'paths_v1'),
        legColumns: await columnsOf(store, 'legs_v1'),
      },
    };
  } finally {
    await stop();
  }
}
