/** What the collector says, as text messages. */
import { z } from 'zod';

const problemSchema = z.object({ field: z.string(), text: z.string(), remedy: z.string() });
const named = {
  /** Absent from collectors without a log: then it is that of this run. */
  bootId: z.string().optional(),
  firstSeq: z.int(),
  count: z.int(),
};
const answerSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('stored'),
    ...named,
    /** Records of the batch that were refused one by one; the rest is stored. */
    refused: z.array(problemSchema).default([]),
  }),
  z.object({
    type: z.literal('durable'),
    ...named,
    refused: z.array(problemSchema).default([]),
    /** The collector's clock. */
    receivedAtUs: z.number(),
    answeredAtUs: z.number(),
  }),
  /** Bytes that may be sent and not yet durable; parts of an envelope that came after the credits. */
  z.object({
    type: z.literal('credit'),
    bytes: z.int().min(0),
    knows: z.array(z.string()).default([]),
  }),
  z.object({
    type: z.literal('refused'),
    firstSeq: z.int().nullable().default(null),
    problems: z.array(problemSchema).default([]),
  }),
]);

export type Answer = z.infer<typeof answerSchema>;
export type FieldProblem = z.infer<typeof problemSchema>;

/** Null where the text is no answer of this version. Unknown fields are ignored. */
export function parseAnswer(text: string): Answer | null {
  try {
    const result = answerSchema.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}
