/**
 * Property tests use the same seed each time, so that a red run is about the change and not about luck.
 * PODRUN_SEED=<number> or PODRUN_SEED=random explores; PODRUN_RUNS raises the number of runs where a test says so.
 */
import fc from 'fast-check';

const wanted = process.env['PODRUN_SEED'];
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) || 20_261_121 });
