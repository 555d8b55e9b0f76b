/** What a proxy process runs, as far as it is known: rules are learned of programs, not of names. */
import type { ProxyLinkRecord, Sourced } from '../wire/v1.ts';

/** By `node|netns`: the image of the containers there, several in one text. */
export type ImagesByNetns = ReadonlyMap<string, string>;

/** `nginx@registry/image@sha256:…`, or the name alone where no image is known. */
export function programOf(
  { node, netns, process }: Pick<Sourced<ProxyLinkRecord>, 'node' | 'netns' | 'process'>,
  images?: ImagesByNetns,
): string {
  const image = images?.get(`${node}|${netns}`);
  return image === undefined ? process : `${process}@${image}`;
}
