/**
 * Which file this is: by how it begins. A name says nothing once MCDR has rotated its log, and an inode's number comes
 * again (facts/prime-backup.md section 6); the first line of a log holds its time to the millisecond.
 */
import { createHash } from 'node:crypto'

export type Fingerprint = {
  /** SHA-256, in hex, of the first `fingerprintBytes` bytes. */
  fingerprint: string
  fingerprintBytes: number
}

export const FINGERPRINT_BYTES = 256

/** `beginning`: the first bytes of the file, all that there are up to 256. */
export function fingerprintOf(beginning: Buffer): Fingerprint {
  const taken = beginning.subarray(0, FINGERPRINT_BYTES)
  return {
    fingerprint: createHash('sha256').update(taken).digest('hex'),
    fingerprintBytes: taken.length,
  }
}

/** Whether a file that begins so can be the one of the fingerprint, grown since or not. */
export function matches(known: Fingerprint, beginning: Buffer): boolean {
  if (beginning.length < known.fingerprintBytes) return false
  return fingerprintOf(beginning.subarray(0, known.fingerprintBytes)).fingerprint === known.fingerprint
}
