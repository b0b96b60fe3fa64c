/**
 * What stands in the place of two packages that minecraft-protocol loads and nobody here asks anything: from the packages'
 * folders put there by nmp.ts, in the release by build/build.ts.
 */

/** Protodef's validator of types (`protodef-validator`): the library's types are not ours to validate. */
export class NoValidator {
  addType() {}
  validateType() {}
  validateProtocol() {}
}

/** `prismarine-chat` turns components into a form of its own, for events that nobody here listens to. */
export const NO_CHAT = { processNbtMessage: (component: unknown) => component }
