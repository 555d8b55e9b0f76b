// For the runtime's healthcheck: exit 0 where the URL answers 2xx within 4 s, else 1 and why.
try {
  const answer = await fetch(process.argv[2], { signal: AbortSignal.timeout(4_000) });
  console.log(`${answer.status} ${(await answer.text()).slice(0, 400)}`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(String(error?.cause ?? error));
  process.exitCode = 1;
}
