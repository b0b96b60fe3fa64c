import { createSecret } from '../delivery/signature.ts'

/** Prints a new secret for `secret` of a webhook. */
export async function secret(): Promise<number> {
  process.stdout.write(`${createSecret()}\n`)
  return 0
}
