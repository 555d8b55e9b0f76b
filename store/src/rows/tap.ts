/** The columns of a tap. */
import { TAP_DIRECTIONS, TAP_ROLES, type Tap } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import type { Column } from './rowBinary.ts';

export const tapColumns = {
  netns: z.number(),
  ifindex: z.number(),
  tap_role: z.enum(TAP_ROLES),
  syn_direction: z.enum(TAP_DIRECTIONS),
};

export interface TapColumns {
  readonly netns: number;
  readonly ifindex: number;
  readonly tap_role: Tap['role'];
  readonly syn_direction: Tap['synDirection'];
}

export const TAP_COLUMNS: readonly Column<{ readonly tap: Tap }>[] = [
  ['netns', (out, { tap }) => out.u32(tap.netns)],
  ['ifindex', (out, { tap }) => out.u32(tap.ifindex)],
  ['tap_role', (out, { tap }) => out.enum8(TAP_ROLES, tap.role)],
  ['syn_direction', (out, { tap }) => out.enum8(TAP_DIRECTIONS, tap.synDirection)],
];

export function toTap(row: TapColumns): Tap {
  return {
    netns: row.netns,
    ifindex: row.ifindex,
    role: row.tap_role,
    synDirection: row.syn_direction,
  };
}
