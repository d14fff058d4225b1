/** What all parts of the fake engine share: its clock, its ids, its containers, and the events that they cause. */
import type { FakeContainer } from './container.ts';
import { FakeEvents } from './events.ts';
import { fail } from './refusal.ts';

export class Machine {
	/** ms since the epoch. */
	now: number;
	readonly events = new FakeEvents();
	readonly containers = new Map<string, FakeContainer>();
	#ids = 0;
	#pids = 1000;

	constructor(now: number) {
		this.now = now;
	}

	newID(): string {
		this.#ids++;
		// Spread out, so that the first twelve digits differ as real ids do.
		const head = ((this.#ids * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
		return head + this.#ids.toString(16).padStart(56, '0');
	}

	newPid(): number {
		return ++this.#pids;
	}

	all(): FakeContainer[] {
		return [...this.containers.values()];
	}

	/** By id or by name. */
	known(nameOrID: string): FakeContainer | undefined {
		return this.containers.get(nameOrID) ?? this.all().find(({ options }) => options.name === nameOrID);
	}

	find(nameOrID: string): FakeContainer {
		return this.known(nameOrID) ?? fail('NOT_FOUND', 404, `No such container: ${nameOrID}`);
	}

	running(nameOrID: string): FakeContainer {
		const container = this.find(nameOrID);
		if (container.status !== 'running') fail('CONFLICT', 409, `Container ${container.id} is not running`);
		return container;
	}

	/** An event of a container, with its labels as attributes. */
	emit(container: FakeContainer, action: string, attributes: Readonly<Record<string, string>> = {}): void {
		const { labels, image, name } = container.options;
		this.events.tell({
			kind: 'container',
			action,
			id: container.id,
			attributes: { ...labels, image, name, ...attributes },
			at: this.now,
		});
	}
}
