/**
 * Rows on a terminal by listr2: a task for each pod with its containers below it. A task ends when its row is
 * done or failed; listr2 draws, we only tell it the titles.
 */

import {
	createWritable,
	type DefaultRenderer,
	Listr,
	ListrLogger,
	type ListrTask,
	type ListrTaskWrapper,
	ProcessOutput,
	type SimpleRenderer,
} from 'listr2';
import type { Io } from '../io.ts';
import { plain } from '../output/plain.ts';
import type { Row } from '../output/progress.ts';

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;
type TaskSpec = ListrTask<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

interface Shown {
	row: Row;
	readonly began: number;
	/** Set once listr2 has begun the task. */
	task?: Task;
	readonly settled: PromiseWithResolvers<void>;
}

export class LiveRows {
	readonly #io: Io;
	readonly #shown = new Map<string, Shown>();
	readonly #done: Promise<unknown>;

	constructor(io: Io, rows: readonly Row[]) {
		this.#io = io;
		for (const row of rows) {
			this.#shown.set(row.id, { row, began: Date.now(), settled: Promise.withResolvers<void>() });
		}
		const output = io.stderr as NodeJS.WriteStream;
		const listr = new Listr(
			rows
				.filter(({ parent }) => parent === undefined)
				.map(
					(pod): TaskSpec => ({
						title: this.#title(pod),
						task: (_, task) => this.#podTask(pod, task, rows),
					}),
				),
			{
				concurrent: true,
				exitOnError: false,
				registerSignalListeners: false,
				rendererOptions: {
					collapseSubtasks: false,
					collapseErrors: false,
					showErrorMessage: false,
					showSkipMessage: false,
					suffixSkips: false,
					removeEmptyLines: false,
					logger: new ListrLogger({
						processOutput: new ProcessOutput(
							output,
							createWritable(() => {}) as unknown as NodeJS.WriteStream,
						),
					}),
				},
			},
		);
		this.#done = listr.run().catch(() => {});
	}

	update(rows: readonly Row[]): void {
		for (const row of rows) {
			const shown = this.#shown.get(row.id);
			if (!shown) {
				continue;
			}
			shown.row = row;
			if (shown.task) {
				shown.task.title = this.#title(row);
			}
			// A failure may pass (a restart, another pull), so only success ends a row by itself.
			if (row.status === 'done') {
				shown.settled.resolve();
			}
		}
	}

	/** Ends every row as it stands and gives the cursor back. */
	async end(): Promise<void> {
		for (const { row, settled, task } of this.#shown.values()) {
			if (row.status === 'failed') {
				settled.reject(new Error(row.text));
				continue;
			}
			if (row.status !== 'done') {
				// Not done and no failure: the tick would be a lie.
				task?.skip();
			}
			settled.resolve();
		}
		await this.#done;
	}

	#podTask(pod: Row, task: Task, rows: readonly Row[]) {
		const shown = this.#shown.get(pod.id);
		if (shown) {
			shown.task = task;
		}
		const subtasks = rows
			.filter(({ parent }) => parent === pod.id)
			.map(
				(row): TaskSpec => ({
					title: this.#title(row),
					task: (_, subtask) => this.#rowTask(row, subtask),
				}),
			);
		return task.newListr(
			[
				...subtasks,
				// The pod's own row stays open until the pod is done, though all containers may be.
				{ task: () => shown?.settled.promise },
			],
			{ concurrent: true, exitOnError: false },
		);
	}

	#rowTask(row: Row, task: Task): Promise<void> | undefined {
		const shown = this.#shown.get(row.id);
		if (shown) {
			shown.task = task;
			task.title = this.#title(shown.row);
		}
		return shown?.settled.promise;
	}

	/** One line, cut to the terminal so that listr2 need not wrap it. */
	#title(row: Row): string {
		const percent =
			row.current !== undefined && row.total ? ` ${Math.floor((row.current / row.total) * 100)}%` : '';
		const details = row.details ? `  ${plain(row.details.replace(/\s+/g, ' '))}` : '';
		const text = `${row.name}  ${row.text}${percent}${details}`;
		const width = Math.max(20, (this.#io.stderr.columns ?? 80) - 8);
		return text.length > width ? `${text.slice(0, width - 1)}…` : text;
	}
}
