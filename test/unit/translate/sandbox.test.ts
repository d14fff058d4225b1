import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../../src/api/types.ts';
import { dnsOf, resolvConf } from '../../../src/translate/dns.ts';
import { hostsFile, podAliases, podNames } from '../../../src/translate/hostname.ts';
import { sandboxOptions } from '../../../src/translate/sandbox.ts';
import { contextOf, NODE, podOf } from '../../support/translate.ts';

const optionsOf = (spec: Partial<PodSpec> = {}, context: Parameters<typeof contextOf>[0] = {}) =>
	sandboxOptions(podOf(spec), contextOf(context)).options;

describe('the hostname', () => {
	const nameOf = (spec: Partial<PodSpec>, name = 'web') => podNames(podOf(spec, {}, { name }));

	it('is the pod’s name, cut to 63 characters that end well', () => {
		expect(nameOf({}).hostname).toBe('web');
		const long = 'network-hostname-long-name-a123456789-b123456789-c123456789-d123456789';
		expect(nameOf({}, long).hostname).toBe(long.slice(0, 63));
		expect(nameOf({}, `${'x'.repeat(62)}-tail`).hostname).toBe('x'.repeat(62));
	});

	it('with a subdomain has a full name, which becomes the hostname when asked for', () => {
		const spec = { hostname: 'h', subdomain: 'sub' };
		expect(nameOf(spec)).toMatchObject({ hostname: 'h', fqdn: 'h.sub.default.svc.cluster.local' });
		expect(nameOf({ ...spec, setHostnameAsFQDN: true }).hostname).toBe('h.sub.default.svc.cluster.local');
	});

	it('is what hostnameOverride says before all else', () => {
		expect(nameOf({ hostname: 'h', subdomain: 'sub', hostnameOverride: 'my.host' })).toEqual({
			hostname: 'my.host',
			domain: '',
			fqdn: 'my.host',
		});
	});
});

describe('names in the network', () => {
	it('are the pod’s own and Kubernetes’', () => {
		const aliases = podAliases(podOf({ hostname: 'h', subdomain: 'sub' }), '10.1.2.3');
		expect(aliases).toEqual(
			expect.arrayContaining([
				'web',
				'web.default',
				'web.default.svc.cluster.local',
				'h',
				'10-1-2-3.default.pod.cluster.local',
				'h.sub.default.svc.cluster.local',
			]),
		);
	});

	it('of another namespace never answer to a bare name', () => {
		const aliases = podAliases(podOf({}, {}, { namespace: 'team' }), '10.1.2.3');
		expect(aliases).toContain('web.team.svc.cluster.local');
		expect(aliases).not.toContain('web');
	});
});

describe('/etc/hosts', () => {
	it('is the kubelet’s, with an alias a line', () => {
		const hostAliases = [{ ip: '10.1.2.3', hostnames: ['foo.remote', 'bar.remote'] }];
		const lines = hostsFile(podOf({ hostAliases }), '10.201.0.7').split('\n');
		expect(lines[0]).toBe('# Kubernetes-managed hosts file.');
		expect(lines).toContain('10.201.0.7\tweb');
		expect(lines).toContain('10.1.2.3\tfoo.remote\tbar.remote');
	});

	it('has the full name first', () => {
		const text = hostsFile(podOf({ hostname: 'h', subdomain: 'sub' }), '10.201.0.7');
		expect(text).toContain('10.201.0.7\th.sub.default.svc.cluster.local\th\n');
	});

	it('of the pause gets the aliases too, IPv6 ones as well', () => {
		const hostAliases = [
			{ ip: '10.1.2.3', hostnames: ['a', 'b'] },
			{ ip: 'fd00::5', hostnames: ['six'] },
		];
		expect(optionsOf({ hostAliases }).extraHosts).toEqual(['a\tb:10.1.2.3', 'six:fd00::5']);
		expect(optionsOf({ hostAliases, hostNetwork: true }).extraHosts).toHaveLength(2);
	});
});

describe('DNS', () => {
	const conf = (spec: Partial<PodSpec>) =>
		resolvConf(dnsOf(podOf(spec), contextOf()))
			.trim()
			.split('\n');

	it('of ClusterFirst is the engine’s, with a cluster’s search domains', () => {
		expect(dnsOf(podOf(), contextOf()).engineSuffices).toBe(true);
		expect(optionsOf()).toMatchObject({
			dnsSearch: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan'],
			dnsOptions: ['ndots:5'],
		});
	});

	it('of Default is the node’s', () => {
		expect(conf({ dnsPolicy: 'Default' })).toEqual(['search lan', 'nameserver 192.0.2.53']);
		expect(dnsOf(podOf({ dnsPolicy: 'Default' }), contextOf()).engineSuffices).toBe(false);
	});

	it('of Default asks the engine where the node has only its loopback', () => {
		const node = { ...NODE, dns: { nameservers: ['127.0.0.53'], searches: [], options: [] } };
		expect(dnsOf(podOf({ dnsPolicy: 'Default' }), contextOf({ node }))).toMatchObject({
			nameservers: ['127.0.0.11'],
			engineSuffices: true,
		});
	});

	it('of None is just what dnsConfig says', () => {
		const dnsConfig = {
			nameservers: ['192.0.2.1'],
			searches: ['x.org'],
			options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
		};
		expect(conf({ dnsPolicy: 'None', dnsConfig })).toEqual([
			'search x.org',
			'nameserver 192.0.2.1',
			'options ndots:2 edns0',
		]);
		expect(optionsOf({ dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1'] } }).dnsSearch).toEqual([
			'.',
		]);
	});

	it('of dnsConfig is added, and its options win', () => {
		const dnsConfig = {
			nameservers: ['192.0.2.1'],
			searches: ['lan'],
			options: [{ name: 'ndots', value: '1' }],
		};
		expect(conf({ dnsConfig })).toEqual([
			'search default.svc.cluster.local svc.cluster.local cluster.local lan',
			'nameserver 127.0.0.11',
			'nameserver 192.0.2.1',
			'options ndots:1',
		]);
	});
});

describe('the pause', () => {
	it('takes the pod’s address and lends its namespaces', () => {
		expect(optionsOf({}, { attempt: 1 })).toMatchObject({
			name: 'podrun_web_default_1',
			networkMode: 'podrun',
			ipv4: '10.201.0.7',
			hostname: 'web',
			ipcMode: 'shareable',
			pidMode: '',
			oomScoreAdj: -998,
			capDrop: ['ALL'],
			logDriver: 'none',
			labels: { 'io.kubernetes.container.name': 'POD', 'podrun.dev/role': 'infra' },
		});
	});

	it('stands on the host’s network with no names of its own', () => {
		const options = optionsOf({
			hostNetwork: true,
			containers: [{ name: 'a', image: 'x', ports: [{ containerPort: 80, hostPort: 80 }] }],
		});
		expect(options).toMatchObject({ networkMode: 'host', utsMode: 'host' });
		for (const field of ['hostname', 'ipv4', 'aliases', 'ports', 'dns'])
			expect(options).not.toHaveProperty(field);
	});

	it('publishes the ports of every container', () => {
		const port = (containerPort: number, more: object) => ({ containerPort, ...more });
		const options = optionsOf({
			initContainers: [
				{
					name: 's',
					image: 'x',
					restartPolicy: 'Always',
					ports: [port(53, { hostPort: 1053, protocol: 'UDP' })],
				},
			],
			containers: [
				{ name: 'a', image: 'x', ports: [port(80, { hostPort: 8080, hostIP: '127.0.0.1' }), port(81, {})] },
			],
		});
		expect(options.ports).toEqual([
			{ containerPort: 53, hostPort: 1053, hostIP: '', protocol: 'udp' },
			{ containerPort: 80, hostPort: 8080, hostIP: '127.0.0.1', protocol: 'tcp' },
		]);
	});

	it('mounts every volume that podrun fills or shares, and never the host’s', () => {
		const volumes = [
			{ name: 'mem', emptyDir: { medium: 'Memory' as const } },
			{ name: 'cfg', configMap: { name: 'c' } },
			{ name: 'host', hostPath: { path: '/srv' } },
		];
		expect(optionsOf({ volumes }).mounts?.map((mount) => mount.target)).toEqual([
			'/volumes/podrun.files',
			'/volumes/mem',
			'/volumes/cfg',
		]);
	});

	it('sets the pod’s sysctls', () => {
		const securityContext = { sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '0' }] };
		expect(optionsOf({ securityContext }).sysctls).toEqual({ 'net.ipv4.tcp_syncookies': '0' });
	});

	it('starts without its score where the engine may not lower it, and says so', () => {
		const { options, notes } = sandboxOptions(
			podOf(),
			contextOf({ node: { ...NODE, oomScoreAllowed: false } }),
		);
		expect(options.oomScoreAdj).toBeUndefined();
		expect(notes[0]).toContain('-998');
	});
});
