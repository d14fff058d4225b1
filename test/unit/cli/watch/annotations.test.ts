/** Rules in annotations: what they mean, and where a fault stands. */
import { describe, expect, test } from 'vitest';
import type { Pod } from '../../../../src/api/types.ts';
import { readAnnotations } from '../../../../src/cli/watch/annotations.ts';
import { loadText } from '../../../../src/manifest/load.ts';

function read(annotations: string) {
	const text = `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations:
${annotations.replace(/^/gm, '    ')}
spec:
  initContainers: [{name: prep, image: "prep:dev"}]
  containers: [{name: app, image: "app:dev"}, {name: side, image: busybox}]
`;
	const loaded = loadText(text, 'pod.yaml', { profile: 'local' });
	const [object] = loaded.objects;
	if (object === undefined) throw new Error('no object');
	return readAnnotations(object.object as unknown as Pod, {
		source: 'pod.yaml',
		folder: '/home/me/project',
		position: object.position,
	});
}

const faults = (annotations: string) =>
	read(annotations).diagnostics.map(
		({ line, message }) => `${line}: ${message.replace(/^metadata\.annotations/, '')}`,
	);

describe('annotations', () => {
	test('rules: relative paths are taken from the folder of the manifest', () => {
		expect(
			read(`podrun.dev/watch: |
  - {container: app, path: ./src, target: /srv/app/, ignore: [cache/]}
  - {container: app, path: conf/app.conf, target: /etc/app/, action: sync+exec, exec: {command: [kill, -HUP, "1"]}}
  - {container: side, path: /abs, action: restart}
  - {container: app, configMap: cfg, action: exec, exec: {command: [reload]}}`),
		).toEqual({
			builds: [],
			diagnostics: [],
			rules: [
				{
					pod: { namespace: 'shop', name: 'web' },
					container: 'app',
					path: '/home/me/project/src',
					target: '/srv/app',
					action: 'sync',
					ignore: ['cache/'],
					initialSync: true,
				},
				expect.objectContaining({
					path: '/home/me/project/conf/app.conf',
					target: '/etc/app/app.conf',
					command: ['kill', '-HUP', '1'],
				}),
				expect.objectContaining({ path: '/abs', action: 'restart' }),
				expect.objectContaining({ object: { kind: 'ConfigMap', name: 'cfg' }, action: 'exec' }),
			],
		});
	});

	test('builds, on one line too', () => {
		expect(
			read('podrun.dev/build: "[{image: app:dev, context: ./war, args: {A: 1, B: two}}]"'),
		).toMatchObject({
			diagnostics: [],
			builds: [
				{
					image: 'app:dev',
					context: '/home/me/project/war',
					dockerfile: 'Dockerfile',
					args: { A: '1', B: 'two' },
					initialBuild: true,
				},
			],
		});
	});

	test('every fault has its line', () => {
		expect(
			faults(`podrun.dev/watch: |
  - {container: app, path: ./src, target: /app, actoin: sync}
  - {container: nobody, path: ./src, target: /app}
  - {container: app, path: ./src, target: app}
  - {container: app, path: ./src}
  - {container: app, path: ./src, action: copy}
  - container: app
    path: ./src
    target: /app
    action: sync+exec
  - {container: prep, path: ./src, action: rebuild}
  - {path: ./src, target: /app}
  - {container: app, configMap: c, action: sync, target: /x}
  - just text`),
		).toEqual([
			'8: [podrun.dev/watch][0]: unknown field "actoin"; there are container, path, configMap, secret, target, action, ignore, exec, initialSync',
			'9: [podrun.dev/watch][1].container: Not found: "nobody"; the pod has prep, app, side',
			'10: [podrun.dev/watch][2].target: Invalid value: "app": must be an absolute path without .. below /',
			'11: [podrun.dev/watch][3].target: Required value: where the files go in the container',
			'12: [podrun.dev/watch][4].action: Unsupported value: "copy": supported values: sync, restart, sync+restart, sync+exec, exec, rebuild',
			'13: [podrun.dev/watch][5].exec: Required value: exec: {command: [...]}',
			'17: [podrun.dev/watch][6].action: Invalid value: "rebuild": podrun.dev/build has no build of image "prep:dev"',
			'18: [podrun.dev/watch][7].container: Required value: one of prep, app, side',
			'19: [podrun.dev/watch][8].action: Invalid value: "sync": an object\'s contents are swapped by themselves; use exec or restart',
			'20: [podrun.dev/watch][9]: must be a map such as {path: ./src, target: /app, action: sync}',
		]);
	});

	test('what is no list, or no YAML at all', () => {
		expect(faults('podrun.dev/watch: "path: x"')).toEqual([
			'7: [podrun.dev/watch]: must be a list of rules, each beginning with "- "',
		]);
		expect(faults('podrun.dev/watch: "- {"')).toHaveLength(1);
		expect(faults('podrun.dev/watch: ""')).toEqual([]);
	});
});
