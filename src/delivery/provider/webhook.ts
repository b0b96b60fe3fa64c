import type { Provider } from '../provider.ts'
import { signatureHeaders } from '../signature.ts'

/** Any HTTP receiver: the whole payload as JSON (facts/compat.md section 2); a 2xx means delivered. */
export const webhook: Provider<undefined> = {
  type: 'webhook',
  signs: true,
  request({ payload, deliveryId }, { url, signing }, { now }) {
    const body = JSON.stringify(payload)
    return {
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/json',
        ...signatureHeaders({ deliveryId, now, body }, signing),
      },
      body,
    }
  },
}
