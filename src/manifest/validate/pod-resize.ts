/**
 * What the subresource `resize` of a Pod may change: CPU and memory of its containers and sidecars, upwards and
 * downwards, as long as none is taken out and the Pod's quality-of-service class stays.
 */
import { qosClass } from '../../api/qos.ts';
import type { Container, Pod, PodSpec } from '../../api/types.ts';
import { stable } from './claims.ts';
import type { FieldErrors } from './field-errors.ts';

const RESIZABLE = ['cpu', 'memory'];

type Amounts = Readonly<Record<string, unknown>>;

/** Both with their defaults filled in. */
export function checkPodResize(errors: FieldErrors, next: Pod, previous: Pod): void {
	const [is, was] = [next.spec, previous.spec];
	const before = qosClass(previous);
	if (qosClass(next) !== before)
		errors.invalid('spec', before, 'Pod QOS Class may not change as a result of resizing');
	for (const list of ['containers', 'initContainers'] as const) {
		const [now, old] = [is[list] ?? [], was[list] ?? []];
		if (stable(now.map(({ name }) => name)) !== stable(old.map(({ name }) => name))) {
			errors.forbidden(`spec.${list}`, 'containers may not be renamed or reordered on resize');
			return;
		}
		for (const [index, container] of now.entries()) {
			checkKept(errors, `spec.${list}[${index}].resources`, container, old[index]);
		}
	}
	if (stable(unsized(is, was)) !== stable(was))
		errors.forbidden('spec', 'only cpu and memory resources are mutable');
}

function checkKept(errors: FieldErrors, path: string, is: Container, was: Container | undefined): void {
	for (const field of ['limits', 'requests'] as const) {
		const [now, before] = [amountsOf(is, field), amountsOf(was, field)];
		if (RESIZABLE.some((name) => Object.hasOwn(before, name) && !Object.hasOwn(now, name)))
			errors.forbidden(`${path}.${field}`, `resource ${field} cannot be removed`);
	}
}

function amountsOf(container: Container | undefined, field: 'limits' | 'requests'): Amounts {
	return (container?.resources?.[field] ?? {}) as Amounts;
}

/** The spec with all that may differ set to what it was. */
function unsized(spec: PodSpec, was: PodSpec): PodSpec {
	const plain = (container: Container, old: Container | undefined): Container => {
		if (old === undefined) return container;
		const { limits: _, requests: __, ...rest } = container.resources ?? {};
		const resources = { ...rest, ...sized(container, old, 'limits'), ...sized(container, old, 'requests') };
		return { ...container, resources: container.resources === undefined ? old.resources : resources };
	};
	return {
		...spec,
		nodeName: spec.nodeName ?? was.nodeName,
		containers: spec.containers.map((one, index) => plain(one, was.containers[index])),
		...(spec.initContainers === undefined
			? {}
			: {
					// An init container ends before anybody could resize it.
					initContainers: spec.initContainers.map((one, index) =>
						one.restartPolicy === 'Always' ? plain(one, was.initContainers?.[index]) : one,
					),
				}),
	} as PodSpec;
}

/** CPU and memory as they were, everything else as it is. */
function sized(is: Container, was: Container, field: 'limits' | 'requests'): object {
	const [now, before] = [amountsOf(is, field), amountsOf(was, field)];
	const others = Object.entries(now).filter(([name]) => !RESIZABLE.includes(name));
	const own = Object.entries(before).filter(([name]) => RESIZABLE.includes(name));
	const amounts = Object.fromEntries([...others, ...own]);
	const isThere = Object.keys(amounts).length > 0 || was.resources?.[field] !== undefined;
	return isThere ? { [field]: amounts } : {};
}
