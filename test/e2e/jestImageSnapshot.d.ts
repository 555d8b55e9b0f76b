/** Its published types are for the globals of jest, which are not used here. */
declare module 'jest-image-snapshot' {
  export const toMatchImageSnapshot: (
    this: unknown,
    received: unknown,
    options?: unknown,
  ) => { pass: boolean; message(): string };
}
