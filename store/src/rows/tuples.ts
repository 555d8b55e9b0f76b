/** A tuple as four columns with a prefix: src_ip, src_port, dst_ip, dst_port. */
import type { Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { Column } from './rowBinary.ts';

export interface TupleColumns {
  readonly src_ip: string;
  readonly src_port: number;
  readonly dst_ip: string;
  readonly dst_port: number;
}

const NO_TUPLE: Tuple = { src: { ip: '::', port: 0 }, dst: { ip: '::', port: 0 } };

/** `prefix` stands before each name. */
export function tupleColumns<R>(prefix: string, tupleOf: (record: R) => Tuple): Column<R>[] {
  return [
    [`${prefix}src_ip`, (out, record) => out.ip(tupleOf(record).src.ip)],
    [`${prefix}src_port`, (out, record) => out.u16(tupleOf(record).src.port)],
    [`${prefix}dst_ip`, (out, record) => out.ip(tupleOf(record).dst.ip)],
    [`${prefix}dst_port`, (out, record) => out.u16(tupleOf(record).dst.port)],
  ];
}

/** With has_`name` before them; zeroes where there is no tuple. */
export function optionalTupleColumns<R>(
  name: string,
  tupleOf: (record: R) => Tuple | null,
): Column<R>[] {
  return [
    [`has_${name}`, (out, record) => out.bool(tupleOf(record) !== null)],
    ...tupleColumns<R>(`${name}_`, (record) => tupleOf(record) ?? NO_TUPLE),
  ];
}

export function toTuple(columns: TupleColumns): Tuple {
  return {
    src: { ip: columns.src_ip, port: columns.src_port },
    dst: { ip: columns.dst_ip, port: columns.dst_port },
  };
}
