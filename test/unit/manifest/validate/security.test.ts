/** Security contexts. */
import { describe, expect, test } from 'vitest';
import { faults, pod } from '../fixtures.ts';

describe('security contexts', () => {
	const path = 'spec.containers[0].securityContext';
	test.each([
		[
			{ runAsUser: -1 },
			[`${path}.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`],
		],
		[
			{ procMount: 'Unmasked' },
			[`${path}.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``],
		],
		[
			{ seccompProfile: { type: 'Localhost' } },
			[`${path}.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`],
		],
		[
			{ seccompProfile: {} },
			[`${path}.seccompProfile.type: Required value: type is required when seccompProfile is set`],
		],
		[
			{ appArmorProfile: { type: 'Own' } },
			[
				`${path}.appArmorProfile.type: Unsupported value: "Own": supported values: "Localhost", "RuntimeDefault", "Unconfined"`,
			],
		],
		[
			{ allowPrivilegeEscalation: false, privileged: true },
			[
				`${path}.allowPrivilegeEscalation: Invalid value: false: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
			],
		],
		[
			{ allowPrivilegeEscalation: false, capabilities: { add: ['CAP_SYS_ADMIN'] } },
			[
				`${path}.allowPrivilegeEscalation: Invalid value: false: cannot set \`allowPrivilegeEscalation\` to false and \`capabilities.Add\` CAP_SYS_ADMIN`,
			],
		],
	])('%j', (securityContext, expected) => {
		expect(faults(pod({ container: { securityContext } }))).toEqual(expected);
	});
});
