/** What is read of containers and ConfigMaps: where ingress controllers say what they expect of the PROXY protocol. */
import { z } from 'zod';

/** Where the settings of an ingress controller are, or what it takes for PROXY headers. */
const READ_ARGUMENT = /^(--?(nginx-)?configmaps?|--entrypoints?\.[^.=]+\.proxyprotocol\.\w+)(=|$)/i;
/** Of all that ConfigMaps hold. */
const READ_SETTINGS = ['use-proxy-protocol', 'proxy-protocol'];
const MAX_ARGUMENT = 1000;

/**
 * Arguments of a container that say something of the PROXY protocol, as `--name=value`. All others fall away here:
 * some hold secrets.
 */
export const proxyArguments = z
  .array(z.string())
  .nullable()
  .transform((texts) => {
    const kept = (texts ?? []).flatMap((text, index, all) => {
      if (!READ_ARGUMENT.test(text) || text.length > MAX_ARGUMENT) return [];
      const next = all[index + 1] ?? '';
      const isSplit = /configmaps?$/i.test(text) && next !== '' && !next.startsWith('-');
      return isSplit ? [`${text}=${next.slice(0, MAX_ARGUMENT)}`] : [text];
    });
    return kept.length === 0 ? undefined : kept;
  })
  .optional();

/** Only settings that hoptrace reads: the others may hold secrets. */
export const proxySettingData = z
  .record(z.string(), z.string())
  .nullable()
  .default({})
  .transform((all) => {
    const read = READ_SETTINGS.flatMap((name) => {
      const value = all?.[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return Object.fromEntries(read);
  })
  .pipe(z.record(z.string(), z.string()));
