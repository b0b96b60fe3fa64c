/** `node health.mjs SOCKET`: ends with 0 when the bridge answers on its control socket, with 1 when it does not in 3 s. */
import { connect } from 'node:net'

const [, , address = ''] = process.argv
const socket = connect(address)
let answer = ''

function end(code, message) {
  console.log(message)
  process.exit(code)
}

setTimeout(() => end(1, 'no answer'), 3_000)
socket.setEncoding('utf8')
socket.on('error', error => end(1, error.message))
socket.on('data', text => {
  answer += text
})
socket.on('end', () => end(answer.endsWith('\n') ? 0 : 1, answer.trim() || 'no answer'))
// No request: the bridge says so, and does not log it. That it answers is all that is asked.
socket.end('\n')
