/** The path document as it comes out of paths_v1. */
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import { z } from 'zod';

const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is no JSON' });
    return z.NEVER;
  }
});

export const documentRowSchema = z.object({ document: jsonText.pipe(pathSchema) });
