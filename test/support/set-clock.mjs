/**
 * Loaded into a process before anything else (NODE_OPTIONS=--import=…), so that a test can set its wall clock: Date
 * tells the time that lies as many ms ahead as the file says that SET_CLOCK names. The machine's clock stays.
 */
import { readFileSync } from 'node:fs';

const { SET_CLOCK } = process.env;
const Real = Date;

function ahead() {
	try {
		return Number(readFileSync(SET_CLOCK, 'utf8'));
	} catch {
		return 0;
	}
}

if (SET_CLOCK !== undefined) {
	globalThis.Date = class SetDate extends Real {
		constructor(...given) {
			if (given.length === 0) super(SetDate.now());
			else super(...given);
		}

		static now() {
			return Real.now() + ahead();
		}
	};
}
