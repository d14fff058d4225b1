import { describe, expect, it } from 'vitest';
import type { Container, PodSpec } from '../../../src/api/types.ts';
import type { ImageFacts } from '../../../src/translate/context.ts';
import { imageGroups, needsImageGroups, securityOptions } from '../../../src/translate/security.ts';
import { forbiddenSysctl } from '../../../src/translate/sysctls.ts';
import { podOf } from '../../support/translate.ts';

type PodSecurity = NonNullable<PodSpec['securityContext']>;
type OwnSecurity = NonNullable<Container['securityContext']>;

function optionsOf(pods: PodSecurity, own: OwnSecurity = {}, image: Partial<ImageFacts> = {}) {
	const pod = podOf({ securityContext: pods }, { securityContext: own });
	const facts = { image: { user: '', entrypoint: [], cmd: [], ...image } };
	return securityOptions(pod, pod.spec.containers[0] as Container, facts);
}

describe('whom a container runs as', () => {
	it.each([
		['the image decides alone', {}, {}, 'app', undefined],
		['the container’s user wins over the pod’s', { runAsUser: 1 }, { runAsUser: 2 }, '', '2'],
		['a group joins the user', { runAsUser: 1000, runAsGroup: 3000 }, {}, '', '1000:3000'],
		['a group alone joins the image’s user', { runAsGroup: 3000 }, {}, 'app:users', 'app:3000'],
		['a group alone joins root', { runAsGroup: 3000 }, {}, '', '0:3000'],
		['the image’s group does not count, as on a cluster', {}, {}, '1000:1000', '1000'],
		['uid 0 is a user too', { runAsUser: 1000 }, { runAsUser: 0 }, '', '0'],
	])('%s', (_what, pods, own, user, expected) => {
		expect(optionsOf(pods, own, { user }).user).toBe(expected);
	});

	it.each([
		[{ runAsUser: 0 }, '1000', "container's runAsUser breaks non-root policy"],
		[{}, '', 'container has runAsNonRoot and image will run as root'],
		[{}, '0:5', 'container has runAsNonRoot and image will run as root'],
		[
			{},
			'app',
			'container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root',
		],
	])('must not be root when it says so: %j over an image of %j', (own, user, message) => {
		const where = '(pod: "web_default(11111111-2222-3333-4444-555555555555)", container: main)';
		expect(() => optionsOf({ runAsNonRoot: true }, own, { user })).toThrow(
			expect.objectContaining({ reason: 'CreateContainerConfigError', message: `${message} ${where}` }),
		);
	});

	it('may be anybody else, and root where the container lifts the rule', () => {
		expect(optionsOf({ runAsNonRoot: true }, {}, { user: '1234' }).user).toBeUndefined();
		expect(optionsOf({ runAsNonRoot: true }, { runAsUser: 7 }, { user: 'app' }).user).toBe('7');
		expect(optionsOf({ runAsNonRoot: true }, { runAsNonRoot: false }).user).toBeUndefined();
	});
});

describe('groups', () => {
	const groups = imageGroups(
		'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home:/bin/sh\n',
		'root:x:0:\nstaff:x:50000:bob,alice\nother:x:7:bob\n',
		'1000',
	);

	it('of the spec and fsGroup are added', () => {
		expect(optionsOf({ supplementalGroups: [4000], fsGroup: 2345 }).groupAdd).toEqual(['4000', '2345']);
	});

	it('of the image are read from its files', () => {
		expect(groups).toEqual({ primary: 1000, supplementary: [50000] });
	});

	it('of the image are merged by hand where a given group keeps the engine from it', () => {
		const pods = { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000] };
		const pod = podOf({ securityContext: pods });
		expect(needsImageGroups(pod, pod.spec.containers[0] as Container)).toBe(true);
		expect(optionsOf(pods, {}, { groups })).toMatchObject({ user: '1000:3000', groupAdd: ['4000', '50000'] });
	});

	it('of the image are left out by policy Strict', () => {
		const pods = { runAsUser: 1000, supplementalGroups: [4000], supplementalGroupsPolicy: 'Strict' as const };
		expect(optionsOf(pods, {}, { groups })).toMatchObject({ user: '1000:1000', groupAdd: ['4000'] });
	});
});

describe('confinement', () => {
	it('is none without a seccomp profile, and the container’s profile wins', () => {
		expect(optionsOf({}).securityOpt).toEqual(['seccomp=unconfined']);
		expect(optionsOf({ seccompProfile: { type: 'RuntimeDefault' } }).securityOpt).toEqual([]);
		const both = optionsOf(
			{ seccompProfile: { type: 'RuntimeDefault' } },
			{ seccompProfile: { type: 'Unconfined' } },
		);
		expect(both.securityOpt).toEqual(['seccomp=unconfined']);
	});

	it('by a profile of the node takes its content, and waits for one that is not there', () => {
		const pod = podOf(
			{},
			{ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' } } },
		);
		const image = { user: '', entrypoint: [], cmd: [] };
		const container = pod.spec.containers[0] as Container;
		const seccompProfiles = new Map([['p.json', '{}']]);
		expect(securityOptions(pod, container, { image, seccompProfiles }).securityOpt).toEqual(['seccomp={}']);
		expect(() => securityOptions(pod, container, { image })).toThrow('cannot load seccomp profile "p.json"');
	});

	it('names capabilities as the engine does', () => {
		const capabilities = { add: ['CAP_NET_ADMIN', 'sys_time'], drop: ['ALL'] };
		expect(optionsOf({}, { capabilities })).toMatchObject({
			capAdd: ['NET_ADMIN', 'SYS_TIME'],
			capDrop: ['ALL'],
		});
	});

	it('forbids new privileges only when escalation is forbidden', () => {
		expect(optionsOf({}, { allowPrivilegeEscalation: false }).securityOpt).toContain('no-new-privileges');
		expect(optionsOf({}, { allowPrivilegeEscalation: true }).securityOpt).not.toContain('no-new-privileges');
	});

	it('passes on privileged, read-only root, unmasked proc, AppArmor and SELinux', () => {
		expect(optionsOf({}, { privileged: true })).toMatchObject({ privileged: true, securityOpt: [] });
		expect(optionsOf({}, { readOnlyRootFilesystem: true, procMount: 'Unmasked' })).toMatchObject({
			readonlyRootfs: true,
			maskedPaths: [],
			readonlyPaths: [],
		});
		const labelled = optionsOf(
			{ seLinuxOptions: { level: 's0:c1', type: 'a_t' } },
			{ seLinuxOptions: { type: 'b_t' }, appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } },
		);
		expect(labelled.securityOpt).toEqual([
			'seccomp=unconfined',
			'apparmor=mine',
			'label=type:b_t',
			'label=level:s0:c1',
		]);
	});
});

describe('sysctls', () => {
	const refusal = (name: string, spec: Partial<PodSpec> = {}, allowed: string[] = []) =>
		forbiddenSysctl(podOf({ ...spec, securityContext: { sysctls: [{ name, value: '1' }] } }), allowed)
			?.message;

	it('that are safe may be set, and unsafe ones only when they were let in', () => {
		expect(refusal('net.ipv4.ip_unprivileged_port_start')).toBeUndefined();
		expect(refusal('net/ipv4/tcp_syncookies')).toBeUndefined();
		expect(refusal('kernel.msgmax')).toBe('forbidden sysctl: "kernel.msgmax" not allowlisted');
		expect(refusal('kernel.msgmax', {}, ['kernel.msg*'])).toBeUndefined();
	});

	it('of the host’s own namespaces are forbidden', () => {
		expect(refusal('net.ipv4.tcp_syncookies', { hostNetwork: true })).toMatch(
			'not allowed with host net enabled',
		);
		expect(refusal('kernel.shm_rmid_forced', { hostIPC: true })).toMatch('not allowed with host ipc enabled');
	});
});
