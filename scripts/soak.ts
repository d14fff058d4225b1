/**
 * Many pods for a long time: does the supervisor grow, lose a change, or tell a stale status?
 *
 *     npm run soak -- [--pods 60] [--minutes 20] [--churn 6]
 *
 * Needs the build. Prints a line for each sample and what was found at the end; exit code 1 if anything was.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { growth, percentile, soak } from '../test/fault/soak.ts';

const { values } = parseArgs({
	options: {
		pods: { type: 'string', default: '60' },
		minutes: { type: 'string', default: '20' },
		churn: { type: 'string', default: '6' },
	},
});
const [pods, minutes, churned] = [Number(values.pods), Number(values.minutes), Number(values.churn)];
const say = (line: string): void => {
	process.stdout.write(`${line}\n`);
};
const report = await soak({
	bin: process.env.PODRUN_BIN ?? fileURLToPath(new URL('../dist/podrun.js', import.meta.url)),
	pods,
	seconds: minutes * 60,
	churned,
	churnEvery: 500,
	say,
});
const { lags } = report;
const late = lags.filter((lag) => lag > 2_000);
const findings = [
	...growth(report.samples),
	...report.lost.slice(0, 20).map((one) => `lost: ${one}`),
	...report.untold.slice(0, 20).map((one) => `never told: ${one}`),
	...(late.length > 0 ? [`${late.length} of ${lags.length} changes were told later than 2 s`] : []),
	...report.bugs.slice(0, 20).map((line) => `log: ${line}`),
	...report.left.map((one) => `left: ${one}`),
];
say('');
say(
	`${pods} pods of 3 containers for ${minutes} min: ${report.applied} deleted and applied again, ${report.watches} watches`,
);
say(`${report.changes} changes of pods, each told to both witnesses, ${report.lost.length} lost`);
say(
	`${lags.length} starts and ends of containers, told by the status after ${percentile(lags, 0.5)} ms (half), ` +
		`${percentile(lags, 0.99)} ms (99 %), ${percentile(lags, 1)} ms (all)`,
);
for (const one of report.slowest) say(`  ${one}`);
say(
	`meanwhile the engine took for a look at the container that it had started last: ${percentile(report.looks, 0.5)} ms (half), ` +
		`${percentile(report.looks, 0.99)} ms (99 %), ${percentile(report.looks, 1)} ms (all)`,
);
for (const finding of findings) say(`! ${finding}`);
say(findings.length === 0 ? 'flat' : `${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
