/** What is sent to the engine's create call. */
import { describe, expect, it } from 'vitest';
import { atLeast, createBody } from '../../../src/engine/create-body.ts';
import type { CreateOptions, MountOption } from '../../../src/engine/engine.ts';

const base: CreateOptions = { name: 'n', image: 'i', labels: { a: 'b' }, networkMode: 'none' };
const mounts = (mount: MountOption, apiVersion = '1.41'): unknown =>
	(createBody({ ...base, mounts: [mount] }, apiVersion) as { HostConfig: { Mounts: unknown[] } }).HostConfig
		.Mounts[0];

describe('createBody', () => {
	it('leaves restarts to the reconciler, and switches the image health check off', () => {
		expect(createBody(base, '1.41')).toMatchObject({
			Image: 'i',
			Labels: { a: 'b' },
			Healthcheck: { Test: ['NONE'] },
			HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'no' }, Privileged: false },
		});
		expect(createBody(base, '1.41')).not.toHaveProperty('Entrypoint');
	});

	it('publishes ports, several addresses for one port too', () => {
		const ports = [
			{ containerPort: 53, protocol: 'udp', hostPort: 5353, hostIP: '127.0.0.1' },
			{ containerPort: 53, protocol: 'udp', hostPort: 5354, hostIP: '' },
		] as const;
		expect(createBody({ ...base, ports }, '1.41')).toMatchObject({
			ExposedPorts: { '53/udp': {} },
			HostConfig: {
				PortBindings: {
					'53/udp': [
						{ HostIp: '127.0.0.1', HostPort: '5353' },
						{ HostIp: '', HostPort: '5354' },
					],
				},
			},
		});
	});

	it('asks for a fixed address and aliases', () => {
		const body = createBody({ ...base, networkMode: 'net', ipv4: '10.0.0.9', aliases: ['web'] }, '1.41');
		expect(body).toMatchObject({
			NetworkingConfig: {
				EndpointsConfig: { net: { IPAMConfig: { IPv4Address: '10.0.0.9' }, Aliases: ['web'] } },
			},
		});
	});

	it('mounts volumes without the copy of image content', () => {
		expect(mounts({ type: 'volume', source: 'v', target: '/v', readOnly: false, noCopy: true })).toEqual({
			Type: 'volume',
			Source: 'v',
			Target: '/v',
			ReadOnly: false,
			VolumeOptions: { NoCopy: true },
		});
	});

	it('keeps a read-only bind from reaching the mounts beneath, unless told', () => {
		const bind = { type: 'bind', source: '/s', target: '/t', readOnly: true } as const;
		expect(mounts(bind)).toMatchObject({ BindOptions: {} });
		expect(mounts(bind, '1.51')).toMatchObject({ BindOptions: { ReadOnlyNonRecursive: true } });
		expect(mounts({ ...bind, recursiveReadOnly: true }, '1.51')).toMatchObject({
			BindOptions: { ReadOnlyForceRecursive: true },
		});
	});

	it('lets the engine make a folder for a bind where it can', () => {
		const bind = { type: 'bind', source: '/s', target: '/t', readOnly: false, create: true } as const;
		expect(mounts(bind)).toMatchObject({ BindOptions: {} });
		expect(mounts(bind, '1.42')).toMatchObject({ BindOptions: { CreateMountpoint: true } });
	});

	it('refuses what an old engine would quietly ignore', () => {
		const volume = { type: 'volume', source: 'v', target: '/v', readOnly: false, noCopy: true } as const;
		expect(() => mounts({ ...volume, subPath: 'a' })).toThrow(/needs Docker API 1.45/);
		expect(mounts({ ...volume, subPath: 'a' }, '1.45')).toMatchObject({ VolumeOptions: { Subpath: 'a' } });
		expect(() => mounts({ type: 'image', source: 'i', target: '/i' })).toThrow(/needs Docker API 1.48/);
		const bind = {
			type: 'bind',
			source: '/s',
			target: '/t',
			readOnly: true,
			recursiveReadOnly: true,
		} as const;
		expect(() => mounts(bind)).toThrow(/needs Docker API 1.44/);
	});
});

it('compares versions by number', () => {
	expect(atLeast('1.100', '1.41')).toBe(true);
	expect(atLeast('1.9', '1.41')).toBe(false);
	expect(atLeast('2.0', '1.41')).toBe(true);
});
