/**
 * fast-check with one seed, so that the same commit passes or fails everywhere. `FC_SEED=random` looks further, and
 * `FC_SEED=<number>` repeats what a failure named.
 */
import fc from 'fast-check'

const { FC_SEED = '1' } = process.env
if (FC_SEED !== 'random') fc.configureGlobal({ seed: Number(FC_SEED) })

export { fc }
