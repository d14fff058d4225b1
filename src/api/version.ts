/**
 * podrun's version: of the CLI, of the supervisor, and what the two compare when they meet. It stands here
 * and in package.json; a unit test holds them together, so that nothing reads a file at start.
 */
export const VERSION = '0.1.0';

/** The release of Kubernetes whose API and rules podrun follows: what /version says to kubectl. */
export const KUBERNETES_VERSION = { major: '1', minor: '36', gitVersion: 'v1.36.0' } as const;
