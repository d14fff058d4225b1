/**
 * Images that scenarios make. They are named after the scenario, and whatever is built for it on the way (stages, what
 * a rebuilt image was before, what a build that failed got to) bears its label: so all of it is found at the end.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { docker } from './checks.ts';

const LABEL = 'podrun-test.instance';

/** A line of a Dockerfile: the label is on every image from there on. */
export function labelOf(instance: string): string {
	return `LABEL ${LABEL}=${instance}`;
}

/** Labels what each stage of this Dockerfile makes, at its end: what the engine has built before is taken as it is. */
export function labelBuilds(dockerfile: string, instance: string): void {
	const [head = '', ...stages] = readFileSync(dockerfile, 'utf8').split(/^(?=FROM )/m);
	const labelled = stages.map((stage) => `${stage.trimEnd()}\n${labelOf(instance)}\n`);
	writeFileSync(dockerfile, [head, ...labelled].join(''));
}

/** Removes a scenario's images; what can't be removed is told. */
export async function removeImages(instance: string): Promise<readonly string[]> {
	for (;;) {
		const [named, labelled] = [await imagesNamed(instance), await imagesLabelled(instance)];
		const removed = await Promise.all(
			// By their names: what they name may be somebody else's as well.
			[...named, ...labelled].map((image) =>
				docker
					.getImage(image)
					.remove()
					.then(
						() => true,
						() => false,
					),
			),
		);
		// One goes with another, or only after it.
		if (removed.includes(true)) continue;
		return [...named, ...labelled].map((image) => `image ${image}`);
	}
}

async function imagesNamed(instance: string): Promise<readonly string[]> {
	const images = await docker.listImages();
	return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(`${instance}/`));
}

async function imagesLabelled(instance: string): Promise<readonly string[]> {
	const filters = JSON.stringify({ label: [`${LABEL}=${instance}`] });
	const images = await docker.listImages({ filters });
	const isNamed = (tags: readonly string[] | undefined): boolean =>
		(tags ?? []).some((tag) => tag !== '<none>:<none>');
	return images.filter(({ RepoTags }) => !isNamed(RepoTags)).map(({ Id }) => Id);
}
