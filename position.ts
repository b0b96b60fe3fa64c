import { createHash } from 'node:crypto'

/** The most of a log's beginning that tells it from other logs: its first line has the time of MCDR's start. */
export const BEGINNING_BYTES = 256

/** A place in a log that is found again when the log has been zipped and begun anew meanwhile. */
export type LogPosition = {
  /** SHA-256, hex, of the first `fingerprintBytes` bytes. */
  fingerprint: string
  /** At most 256; fewer where the log was that short. */
  fingerprintBytes: number
  /** Bytes from the beginning. */
  offset: number
}

/** `beginning`: up to 256 bytes. */
export function positionIn(beginning: Buffer, offset: number): LogPosition {
  return { fingerprint: hashOf(beginning), fingerprintBytes: beginning.length, offset }
}

/** Whether the position is one of the log that begins so, which may have grown since. */
export function isPositionIn(beginning: Buffer, { fingerprint, fingerprintBytes }: LogPosition): boolean {
  if (beginning.length < fingerprintBytes) return false
  return hashOf(beginning.subarray(0, fingerprintBytes)) === fingerprint
}

/** Whether a log that began so could have grown to one that begins like `grown`. */
export function grewTo(beginning: Buffer, grown: Buffer): boolean {
  return grown.subarray(0, beginning.length).equals(beginning)
}

function hashOf(beginning: Buffer): string {
  return createHash('sha256').update(beginning).digest('hex')
}
