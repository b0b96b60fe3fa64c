/**
 * Bytes of a connection → its frames. A frame that lies whole in the bytes that came is not copied, and one that nobody
 * wants is not held: as soon as its beginning says so, the rest of it is counted down.
 */

/** Vanilla's limit (facts/toolchain.md): what three bytes of length hold. */
export const MAX_FRAME_BYTES = 2_097_151

/** By so much a held frame grows while it is not known whether it is wanted. */
const STEP_BYTES = 512

/** Whether a frame is wanted; undefined while more of it is needed to say so. */
export type Judge = (bytes: Buffer, start: number, end: number, isWhole: boolean) => boolean | undefined

export type FrameHooks = {
  judge: Judge
  /** A frame that is wanted lies in `bytes` from `start` to `end`, until this returns. */
  take(bytes: Buffer, start: number, end: number): void
  /** A length over the limit: nothing is read any more. */
  onTooLong(): void
}

export type Frames = {
  /** Takes bytes, which are the caller's again afterwards; how many frames ended, or were passed over. */
  write(bytes: Buffer): number
}

export function createFrames({ judge, take, onTooLong }: FrameHooks): Frames {
  /** The beginning of a frame that is not whole yet. */
  let held = Buffer.alloc(0)
  let heldBytes = 0
  /** So many bytes the held frame has with its length; 0 while that, or whether it is wanted, is not known. */
  let wantedBytes = 0
  /** So many bytes of a frame that nobody wants are still to come. */
  let surplusBytes = 0
  let broken = false
  let count = 0

  /** Reads one frame: where the next begins, or `start` where this one is not whole. */
  function readOne(bytes: Buffer, start: number, end: number): number {
    let length = 0
    let first = start
    for (let shift = 0; ; shift += 7) {
      if (shift === 21) {
        broken = true
        onTooLong()
        return end
      }
      if (first >= end) return start
      const byte = bytes[first++] ?? 0
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const last = first + length
    if (last <= end) {
      count += 1
      if (length > 0 && judge(bytes, first, last, true) !== false) take(bytes, first, last)
      return last
    }
    const isWanted = judge(bytes, first, end, false)
    if (isWanted === false) {
      count += 1
      surplusBytes = last - end
      return end
    }
    if (isWanted) wantedBytes = last - start
    return start
  }

  function hold(bytes: Buffer, start: number, end: number) {
    const needed = heldBytes + end - start
    if (needed > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(2 * held.length, wantedBytes)))
      held.copy(larger, 0, 0, heldBytes)
      held = larger
    }
    bytes.copy(held, heldBytes, start, end)
    heldBytes = needed
  }

  /** Goes on with the held frame: how far in `bytes` it reached. */
  function readHeld(bytes: Buffer, start: number): number {
    const before = heldBytes
    const more = wantedBytes > 0 ? wantedBytes - heldBytes : STEP_BYTES
    const end = Math.min(start + more, bytes.length)
    hold(bytes, start, end)
    if (heldBytes < wantedBytes) return end
    const read = readOne(held, 0, heldBytes)
    if (read === 0) return end
    // All that was held before belongs to this frame; of what was added, the end may be the next one's.
    letGo()
    return start + read - before
  }

  function letGo() {
    held = Buffer.alloc(0)
    heldBytes = 0
    wantedBytes = 0
  }

  return {
    write(bytes) {
      if (broken) return 0
      count = 0
      let offset = 0
      while (offset < bytes.length && !broken) {
        if (surplusBytes > 0) {
          const passed = Math.min(surplusBytes, bytes.length - offset)
          surplusBytes -= passed
          offset += passed
        } else if (heldBytes > 0) offset = readHeld(bytes, offset)
        else {
          const next = readOne(bytes, offset, bytes.length)
          if (next === offset) hold(bytes, offset, bytes.length)
          offset = next === offset ? bytes.length : next
        }
      }
      return count
    },
  }
}
