/** The server's key for an encrypted connection, tried before the protocol library uses it. */
import { publicEncrypt, constants as rsa } from 'node:crypto'

/** The library uses the key in a callback where a throw could not be caught: so it is used here, before. */
export function assertUsableKey(packet: unknown): void {
  const { publicKey, verifyToken } = packet as { publicKey?: unknown; verifyToken?: unknown }
  if (!Buffer.isBuffer(publicKey) || !Buffer.isBuffer(verifyToken))
    throw new Error('encryption request without a key')
  const base64 = publicKey.toString('base64').replace(/.{64}/g, '$&\n')
  const key = `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`
  try {
    for (const secret of [Buffer.alloc(16), verifyToken])
      publicEncrypt({ key, padding: rsa.RSA_PKCS1_PADDING }, secret)
  } catch (error) {
    throw new Error('encryption request with an unusable key', { cause: error })
  }
}
