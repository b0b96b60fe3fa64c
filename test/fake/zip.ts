/** A zip with one file in it, as MCDR makes of its log. */
import { crc32, deflateRawSync } from 'node:zlib'

export function zipOf(name: string, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  const deflated = deflateRawSync(bytes)
  const nameBytes = Buffer.from(name)
  // Version, flags, deflate, time, date, CRC, sizes, length of the name, no extra field.
  const about = Buffer.alloc(26)
  about.writeUInt16LE(20, 0)
  about.writeUInt16LE(8, 4)
  about.writeUInt16LE(0x5b79, 8)
  about.writeUInt32LE(crc32(bytes), 10)
  about.writeUInt32LE(deflated.length, 14)
  about.writeUInt32LE(bytes.length, 18)
  about.writeUInt16LE(nameBytes.length, 22)
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), about, nameBytes, deflated])
  // Version made by; then the same; no comment, first disk, no attributes, the file begins at 0.
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), about, Buffer.alloc(14), nameBytes])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}
