/**
 * Fields of a container that podrun reads while it runs: a change of them needs no new container. What decides
 * (the hash of a container) and what tells people beforehand (`diff`, watch mode) must not differ, so both read
 * it here.
 */
export const LIVE_FIELDS: ReadonlySet<string> = new Set([
	'resources',
	'resizePolicy',
	'imagePullPolicy',
	'restartPolicy',
	'restartPolicyRules',
	'targetContainerName',
	// A joined container publishes nothing by itself: host ports are the pause's.
	'ports',
]);
