import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readException } from '../../src/primebackup/traceback.ts'

const FRAMES = [
  'Traceback (most recent call last):',
  '  File "a.py", line 1, in run',
  '    call()',
  '    ^^^^^^',
]

function traceback(...lines: string[]): string {
  return [...FRAMES, ...lines].join('\n')
}

test('the exception is the first line after the frames, without its module', () => {
  assert.deepEqual(readException(traceback('OSError: [Errno 28] No space left on device')), {
    type: 'OSError',
    message: '[Errno 28] No space left on device',
  })
  assert.deepEqual(readException(traceback('a.b.utils.SourceFileNotFoundWrapper: gone: too')), {
    type: 'SourceFileNotFoundWrapper',
    message: 'gone: too',
  })
  assert.deepEqual(readException(traceback('mod.f.<locals>.Odd: x')), { type: 'Odd', message: 'x' })
})

test('an exception may have no message', () => {
  assert.deepEqual(readException(traceback('prime_backup.exceptions.BackupNotFound')), {
    type: 'BackupNotFound',
    message: '',
  })
  assert.deepEqual(readException(traceback('KeyError: ')), { type: 'KeyError', message: '' })
})

test('a message of several lines is kept whole, the lines that look like exceptions too', () => {
  const message = [
    '(sqlite3.OperationalError) database is locked',
    '[SQL: SELECT 1',
    'FROM backup]',
    'Note: x',
  ].join('\n')
  assert.deepEqual(readException(traceback(`sqlalchemy.exc.OperationalError: ${message}`)), {
    type: 'OperationalError',
    message,
  })
})

test('of a chain the last exception counts, however the links are worded', () => {
  for (const link of [
    'During handling of the above exception, another exception occurred:',
    'The above exception was the direct cause of the following exception:',
  ])
    assert.deepEqual(
      readException([traceback('FileNotFoundError: a'), '', link, '', traceback('OSError: b')].join('\n')),
      { type: 'OSError', message: 'b' },
    )
})

test('a message that quotes a traceback does not hide the exception that it belongs to', () => {
  const text = traceback('RuntimeError: worker said:', traceback('ValueError: inner'))
  assert.equal(readException(text)?.type, 'RuntimeError')
})

test('a traceback that breaks off has no exception', () => {
  assert.equal(readException(''), undefined)
  assert.equal(readException('Traceback (most recent call last):\n  File "a"'), undefined)
  assert.equal(readException('OSError: without a header'), undefined)
})

test('carriage returns and endless messages do no harm', () => {
  assert.deepEqual(readException(traceback('OSError: x').replaceAll('\n', '\r\n')), {
    type: 'OSError',
    message: 'x',
  })
  assert.equal(readException(traceback(`OSError: ${'x'.repeat(100_000)}`))?.message.length, 2000)
})
