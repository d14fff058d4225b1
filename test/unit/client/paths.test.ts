/** Where client and supervisor meet, as computed from the environment. */
import { describe, expect, it } from 'vitest';
import { engineKey, instanceName, pathsOf } from '../../../src/client/paths.ts';

const ENGINE = 'unix:///var/run/docker.sock';

describe('pathsOf', () => {
	it('keeps engines and instances apart under the state home', () => {
		const env = { PODRUN_STATE_HOME: '/state', PODRUN_INSTANCE: 'default' };
		const paths = pathsOf(env, ENGINE);
		expect(paths.stateFolder).toMatch(/^\/state\/podrun\/unix-var-run-docker\.sock-[0-9a-f]{8}$/);
		expect(paths.socket).toBe(`${paths.stateFolder}/supervisor.sock`);
		const other = pathsOf({ ...env, PODRUN_INSTANCE: 'ci' }, ENGINE);
		expect(other.stateFolder).toBe(`${paths.stateFolder}-ci`);
		expect(pathsOf(env, 'tcp://host:2375').stateFolder).not.toBe(paths.stateFolder);
	});

	it('follows XDG_STATE_HOME, else the home folder', () => {
		expect(pathsOf({ XDG_STATE_HOME: '/xdg' }, ENGINE).stateFolder).toMatch(/^\/xdg\/podrun\//);
		expect(pathsOf({ HOME: '/home/me' }, ENGINE).stateFolder).toMatch(
			/^\/home\/me\/\.local\/state\/podrun\//,
		);
	});

	it('moves a socket whose path is too long for the system into the runtime folder', () => {
		const env = { PODRUN_STATE_HOME: `/${'long/'.repeat(30)}`, XDG_RUNTIME_DIR: '/run/user/1' };
		const { socket } = pathsOf(env, ENGINE);
		expect(socket).toMatch(/^\/run\/user\/1\/podrun-\d+\/[0-9a-f]{8}\.sock$/);
		expect(pathsOf(env, ENGINE).socket).toBe(socket);
	});
});

describe('names', () => {
	it('makes file names of engines that differ in a sign only', () => {
		expect(engineKey('tcp://a.b:1')).not.toBe(engineKey('tcp://a-b:1'));
		expect(engineKey(`unix:///${'x'.repeat(300)}`).length).toBeLessThan(60);
	});

	it('takes PODRUN_INSTANCE as the instance, made fit for names', () => {
		expect(instanceName({ PODRUN_INSTANCE: 'My CI/1' })).toBe('my-ci-1');
		expect(instanceName({ PODRUN_INSTANCE: '../..' })).toBe('x');
	});
});
