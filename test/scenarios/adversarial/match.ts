/**
 * Does a document show what a pattern asks for? Objects: every member of the pattern must fit. Arrays: same
 * length, each element fits. Operators stand for a value:
 *
 *   {"$in": […]}  {"$min": n}  {"$max": n}  {"$text": "part of a text"}  {"$not": pattern}
 *   {"$some": pattern} and {"$every": pattern} for arrays
 */
type Operator = (value: unknown, operand: unknown) => boolean;

const OPERATORS: Readonly<Record<string, Operator>> = {
  $in: (value, operand) => Array.isArray(operand) && operand.some((each) => fits(value, each)),
  $min: (value, operand) => typeof value === 'number' && value >= Number(operand),
  $max: (value, operand) => typeof value === 'number' && value <= Number(operand),
  $text: (value, operand) => typeof value === 'string' && value.includes(String(operand)),
  $not: (value, operand) => !fits(value, operand),
  $some: (value, operand) => Array.isArray(value) && value.some((each) => fits(each, operand)),
  $every: (value, operand) => Array.isArray(value) && value.every((each) => fits(each, operand)),
};

export function fits(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) &&
      value.length === pattern.length &&
      pattern.every((each, index) => fits(value[index], each))
    );
  }
  if (typeof pattern !== 'object' || pattern === null) return Object.is(value, pattern);
  return Object.entries(pattern).every(([key, part]) => {
    const operator = OPERATORS[key];
    if (operator !== undefined) return operator(value, part);
    if (typeof value !== 'object' || value === null) return false;
    return fits((value as Record<string, unknown>)[key], part);
  });
}
