/** A topology file, as `kubectl get nodes,pods,services,endpointslices,ingresses -A -o json` prints it, to its objects. */
import {
  KNOWN_KINDS,
  type KubernetesObject,
  kubernetesObjectSchema,
} from '@hoptrace/domain/wire/kubernetes.ts';
import { AppError, type FieldProblem } from '../errors.ts';
import { problemsOf, showValue } from '../ingest/zodProblems.ts';

const MAX_PROBLEMS = 10;
/** Instead of a file's name. */
export const REQUEST = '';

/**
 * Accepts a List, an array of objects or one object; objects of other kinds are ignored.
 * Throws AppError HOP_TOPOLOGY_INVALID naming file, item, field, value and remedy of the first problems.
 */
export function parseTopology(text: string, file: string): KubernetesObject[] {
  const items = itemsOf(parseJson(text, file), file);
  const objects: KubernetesObject[] = [];
  const problems: FieldProblem[] = [];
  for (const [index, item] of items.entries()) {
    const kind = kindOf(item);
    if (kind === null) problems.push(withoutKind(item, index));
    else if (KNOWN_KINDS.some((known) => known === kind)) {
      const parsed = kubernetesObjectSchema.safeParse(item);
      if (parsed.success) objects.push(parsed.data);
      else
        problems.push(...problemsOf(parsed.error, item).map((each) => located(each, item, index)));
    }
    if (problems.length >= MAX_PROBLEMS) break;
  }
  if (problems.length > 0) throw invalid(file, problems.slice(0, MAX_PROBLEMS));
  return objects;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, [
      {
        field: 'file',
        text: `is no JSON: ${error instanceof Error ? error.message : String(error)}`,
        remedy:
          'write it with: kubectl get nodes,pods,services,endpointslices,ingresses -A -o json',
      },
    ]);
  }
}

function itemsOf(document: unknown, file: string): readonly unknown[] {
  if (Array.isArray(document)) return document;
  const kind = kindOf(document);
  if (kind === null) {
    const remedy = 'give a List, an array of objects, or one object, as kubectl prints them';
    throw invalid(file, [{ field: 'kind', text: 'is missing', remedy }]);
  }
  if (!kind.endsWith('List')) return [document];
  const items: unknown = Reflect.get(Object(document), 'items');
  if (Array.isArray(items)) return items;
  const problem = { field: 'items', text: 'is no array', remedy: 'give the List its items' };
  throw invalid(file, [{ ...problem, value: showValue(items) }]);
}

function kindOf(item: unknown): string | null {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return null;
  const kind: unknown = Reflect.get(item, 'kind');
  return typeof kind === 'string' ? kind : null;
}

function withoutKind(item: unknown, index: number): FieldProblem {
  return {
    field: `items[${index}].kind`,
    text: 'is missing',
    remedy: 'give each object its kind (kubectl get -o json does)',
    value: showValue(item),
  };
}

/** `items[3] (Service shop/web).spec.ports[0].port` */
function located(problem: FieldProblem, item: unknown, index: number): FieldProblem {
  const metadata: unknown = Reflect.get(Object(item), 'metadata');
  const part = (name: string): string => {
    const value: unknown = Reflect.get(Object(metadata), name);
    return typeof value === 'string' ? value : '';
  };
  const name = [part('namespace'), part('name')].filter((each) => each !== '').join('/');
  const title = name === '' ? '' : ` (${kindOf(item)} ${name})`;
  return { ...problem, field: `items[${index}]${title}.${problem.field}` };
}

function invalid(file: string, problems: readonly FieldProblem[]): AppError {
  return new AppError(
    'HOP_TOPOLOGY_INVALID',
    file === REQUEST
      ? 'the topology in the request is not valid'
      : `topology file ${file} is not valid`,
    { problems },
  );
}
