/** `npm run accuracy`: reconstruct() over simulated worlds, against their truth. */
import { printResult } from '../lab/commands/output.ts';
import { messageOf } from '../lab/errors.ts';
import { parseAccuracyArguments } from './arguments.ts';
import { writeReport } from './report.ts';
import { runAccuracy } from './run.ts';

try {
  const args = parseAccuracyArguments(process.argv.slice(2));
  const run = await runAccuracy(args, (line) => process.stderr.write(`${line}\n`));
  if (args.writesDocs) writeReport(run);
  process.exitCode = printResult(run.result, args.json);
} catch (error) {
  process.stderr.write(`accuracy: ${messageOf(error)}\n`);
  process.exitCode = 2;
}
