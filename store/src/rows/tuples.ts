/** A tuple as four columns with a prefix: src_ip, src_port, dst_ip, dst_port. */
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';

export interface TupleColumns {
  readonly src_ip: string;
  readonly src_port: number;
  readonly dst_ip: string;
  readonly dst_port: number;
}

const NO_TUPLE: Tuple = { src: { ip: '::', port: 0 }, dst: { ip: '::', port: 0 } };

export function tupleValues(tuple: Tuple): TupleColumns {
  return {
    src_ip: tuple.src.ip,
    src_port: tuple.src.port,
    dst_ip: tuple.dst.ip,
    dst_port: tuple.dst.port,
  };
}

/** With `prefix`_ before each name; zeroes where there is no tuple. */
export function optionalTupleValues(prefix: string, tuple: Tuple | null): object {
  const values = Object.entries(tupleValues(tuple ?? NO_TUPLE));
  return {
    [`has_${prefix}`]: tuple !== null,
    ...Object.fromEntries(values.map(([name, value]) => [`${prefix}_${name}`, value])),
  };
}

export function toTuple(columns: TupleColumns): Tuple {
  return {
    src: { ip: columns.src_ip, port: columns.src_port },
    dst: { ip: columns.dst_ip, port: columns.dst_port },
  };
}
