/**
 * The errors of validation, as apimachinery's field package words them: what is wrong with which field. Paths
 * are written as Kubernetes writes them: `spec.containers[0].ports[1].name`, `metadata.labels[a.b/c]`.
 */

/** metav1.CauseType: the `reason` of a cause in a Status. */
export type FieldErrorReason =
	| 'FieldValueNotFound'
	| 'FieldValueRequired'
	| 'FieldValueDuplicate'
	| 'FieldValueInvalid'
	| 'FieldValueNotSupported'
	| 'FieldValueForbidden'
	| 'FieldValueTooLong'
	| 'FieldValueTooMany'
	| 'FieldValueTypeInvalid';

export interface FieldError {
	path: string;
	reason: FieldErrorReason;
	/** Without the path: `Required value: must specify a handler type`. */
	message: string;
}

/** Collects what validators find, in the order in which they find it. */
export class FieldErrors {
	readonly list: FieldError[] = [];

	required(path: string, detail = ''): void {
		this.#add(path, 'FieldValueRequired', 'Required value', detail);
	}

	invalid(path: string, value: unknown, detail = ''): void {
		this.#add(path, 'FieldValueInvalid', `Invalid value: ${show(value)}`, detail);
	}

	/** The same value once for each message. */
	invalidAll(path: string, value: unknown, details: readonly string[]): void {
		for (const detail of details) this.invalid(path, value, detail);
	}

	unsupported(path: string, value: unknown, supported: readonly string[]): void {
		const values = supported.map((one) => JSON.stringify(one)).join(', ');
		this.#add(
			path,
			'FieldValueNotSupported',
			`Unsupported value: ${show(value)}`,
			`supported values: ${values}`,
		);
	}

	duplicate(path: string, value: unknown): void {
		this.#add(path, 'FieldValueDuplicate', `Duplicate value: ${show(value)}`, '');
	}

	forbidden(path: string, detail: string): void {
		this.#add(path, 'FieldValueForbidden', 'Forbidden', detail);
	}

	notFound(path: string, value: unknown): void {
		this.#add(path, 'FieldValueNotFound', `Not found: ${show(value)}`, '');
	}

	/** `most` in bytes. */
	tooLong(path: string, most: number): void {
		this.#add(path, 'FieldValueTooLong', 'Too long', `may not be more than ${most} bytes`);
	}

	/** One of a closed set of words, or the error that says which they are; empty counts as missing. */
	oneOf(
		path: string,
		value: string | undefined,
		supported: readonly string[],
		whenEmpty: 'required' | 'allowed',
	): void {
		if (value === undefined || value === '') {
			if (whenEmpty === 'required') this.required(path);
		} else if (!supported.includes(value)) this.unsupported(path, value, supported);
	}

	nonNegative(path: string, value: number | undefined): void {
		if (value !== undefined && value < 0) this.invalid(path, value, 'must be greater than or equal to 0');
	}

	#add(path: string, reason: FieldErrorReason, head: string, detail: string): void {
		this.list.push({ path, reason, message: detail === '' ? head : `${head}: ${detail}` });
	}
}

const SHOWN = 200;

function show(value: unknown): string {
	if (value === undefined) return 'null';
	const text = JSON.stringify(value) ?? String(value);
	return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
