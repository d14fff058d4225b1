/** A manifest that was saved and is wrong: told with its line, while the pods run on. */
import { type Diagnostic, formatDiagnostic } from '../../manifest/diagnostic.ts';
import type { Teller } from './teller.ts';

/** Each error with its line, then that the pod runs on as it was. */
export function tellDiagnostics(teller: Teller, diagnostics: readonly Diagnostic[]): void {
	const errors = diagnostics.filter(({ severity }) => severity === 'error');
	for (const error of errors) {
		const { source, line, column, path, message } = error;
		teller.always('invalid', formatDiagnostic(error), { source, line, column, path, message });
	}
	teller.tell('invalid', 'the manifest is not applied: the pod runs on as it was', { errors: errors.length });
}
