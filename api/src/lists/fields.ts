/** `fields=pathId,client.ip`: which fields an item may be asked for, and the item with only those. */
import { z } from 'zod';
import { badParameter } from '../parameters.ts';

/** Names in the order of asking; null: the whole value below that name. */
export type FieldTree = Map<string, FieldTree | null>;

/** Throws HOP_PARAMETER_INVALID that names the first field which an item does not have. */
export function fieldTreeOf(fields: readonly string[], itemSchema: z.ZodType): FieldTree {
  const tree: FieldTree = new Map();
  for (const field of fields) {
    requireField(field, itemSchema);
    let here: FieldTree | null = tree;
    const parts = field.split('.');
    for (const [index, part] of parts.entries()) {
      if (here === null) break;
      const isLast = index === parts.length - 1;
      const below: FieldTree | null | undefined = here.get(part);
      // A whole value that was asked for covers its parts.
      if (isLast) here.set(part, null);
      else if (below === undefined) here.set(part, new Map());
      here = isLast ? null : (here.get(part) ?? null);
    }
  }
  return tree;
}

function requireField(field: string, itemSchema: z.ZodType): void {
  let schema: z.ZodType | undefined = itemSchema;
  const seen: string[] = [];
  for (const part of field.split('.')) {
    const shape: Readonly<Record<string, z.ZodType>> | null = shapeOf(schema);
    const known = Object.keys(shape ?? {});
    schema = shape !== null && Object.hasOwn(shape, part) ? shape[part] : undefined;
    if (schema === undefined) {
      const place = seen.length === 0 ? 'an item' : seen.join('.');
      const names = known.length === 0 ? `${place} has no fields` : `${known.join(', ')}`;
      throw badParameter(
        'fields',
        `There is no field ${JSON.stringify(field.slice(0, 80))}.`,
        known.length === 0 ? `${names}; leave the rest out.` : `Fields of ${place}: ${names}.`,
      );
    }
    seen.push(part);
  }
}

/** The object's fields below `nullable`, `optional` and arrays; null where it has none. */
function shapeOf(schema: z.ZodType | undefined): Readonly<Record<string, z.ZodType>> | null {
  if (schema instanceof z.ZodObject) return schema.shape;
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return shapeOf(innerOf(schema.unwrap()));
  }
  if (schema instanceof z.ZodArray) return shapeOf(innerOf(schema.element));
  return null;
}

const innerOf = (schema: unknown): z.ZodType | undefined =>
  schema instanceof z.ZodType ? schema : undefined;

/** The value with the fields of the tree only; arrays item by item, what is null stays null. */
export function project(value: unknown, tree: FieldTree): unknown {
  if (Array.isArray(value)) return value.map((item) => project(item, tree));
  if (typeof value !== 'object' || value === null) return value;
  const given = new Map<string, unknown>(Object.entries(value));
  return Object.fromEntries(
    [...tree]
      .filter(([name]) => given.has(name))
      .map(([name, below]) => {
        const own = given.get(name);
        return [name, below === null ? own : project(own, below)];
      }),
  );
}
