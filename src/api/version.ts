/**
 * podrun's version: of the CLI, of the supervisor, and what the two compare when they meet. It stands here
 * and in package.json; a unit test holds them together, so that nothing reads a file at start.
 */
export const VERSION = '0.1.0';

/** The release of Kubernetes whose API and rules podrun follows: what /version says to kubectl. */
export const KUBERNETES_VERSION = { major: '1', minor: '36', gitVersion: 'v1.36.0' } as const;

/** Header of the first call of a command: who is older than it says carries nothing out, and answers 426. */
export const EXPECTED_VERSION = 'podrun-expects';

/** Negative: a is older. Numbers of major.minor.patch only. */
export function compareVersions(a: string, b: string): number {
	const [left, right] = [a, b].map((v) => v.split(/[.-]/).slice(0, 3).map(Number)) as [number[], number[]];
	for (let i = 0; i < 3; i++) {
		const order = (left[i] ?? 0) - (right[i] ?? 0);
		if (order !== 0) return order;
	}
	return 0;
}
