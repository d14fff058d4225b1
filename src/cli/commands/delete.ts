/** `podrun delete`: objects of a manifest, by name, by label or all; waits until they are gone. */
import { ApiError, UserError } from '../../api/errors.ts';
import { type Client, resourcePath } from '../../client/client.ts';
import { type Io, print, say } from '../io.ts';
import { type FileOptions, loadNames } from '../manifests.ts';
import { parseDuration } from '../output/age.ts';
import { statusText, usage } from '../output/errors.ts';
import { isNotFound, requestDelete, type Target, untilGone } from '../removal.ts';
import { parseAsked, resourceOfKind } from '../resources.ts';
import { namespaceOf, withClient } from '../session.ts';
import { dryRunOf } from './apply.ts';

export interface DeleteOptions extends FileOptions {
	readonly gracePeriod: string;
	readonly force?: boolean;
	readonly now?: boolean;
	readonly wait: string | true;
	readonly ignoreNotFound: string | true;
	readonly timeout: string;
	readonly selector?: string;
	readonly all?: boolean;
	readonly dryRun: string;
	readonly output?: string;
}

export async function run(io: Io, options: DeleteOptions, args: readonly string[]): Promise<number> {
	const grace = graceOf(options);
	const dryRun = dryRunOf(options.dryRun);
	const wait = flag(options.wait, '--wait');
	const timeout = parseDuration(options.timeout, '--timeout');
	const files = options.filename?.length ? await targetsOfFiles(io, options) : undefined;
	if (files && args.length > 0) {
		throw usage('when resources are given by -f, no names may be given too');
	}
	const asked = files ? [] : parseAsked(args);
	if (!files && !options.all && !options.selector && asked.every(({ names }) => names.length === 0)) {
		throw usage('resource(s) were provided, but no name was specified');
	}
	if (options.force) {
		say(
			io,
			'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.',
		);
	}
	return withClient(io, async (client) => {
		const targets = files ?? (await targetsOfArgs(client, asked, options));
		if (targets.length === 0) {
			say(io, 'No resources found');
			return 0;
		}
		let failed = false;
		const going: { target: Target; uid: string | undefined }[] = [];
		for (const target of targets) {
			try {
				const parameters = {
					...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
					dryRun: dryRun === 'server',
				};
				const uid = dryRun === 'client' ? undefined : await requestDelete(client, target, parameters);
				going.push({ target, uid });
				print(io, deletedLine(target, options, dryRun));
			} catch (error) {
				if (!(error instanceof ApiError)) {
					throw error;
				}
				const ignored =
					isNotFound(error) && (flag(options.ignoreNotFound, '--ignore-not-found') || options.all);
				if (!ignored) {
					failed = true;
					const doing = files ? `error when deleting "${options.filename?.join(',')}"` : '';
					say(io, statusText(error.status, doing));
				}
			}
		}
		if (wait && dryRun === 'none') {
			await waitForAll(client, going, timeout);
		}
		return failed ? 1 : 0;
	});
}

function deletedLine(target: Target, options: DeleteOptions, dryRun: string): string {
	const name = `${target.resource.singular} "${target.name}"`;
	if (options.output === 'name') {
		return `${target.resource.singular}/${target.name}`;
	}
	const verb = options.force ? 'force deleted' : 'deleted';
	const where = target.resource.namespaced ? ` from ${target.namespace} namespace` : '';
	const suffix = dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)';
	return `${name} ${verb}${where}${suffix}`;
}

async function waitForAll(
	client: Client,
	going: readonly { target: Target; uid: string | undefined }[],
	timeout: number,
): Promise<void> {
	// kubectl waits a week when no time is given.
	const signal = AbortSignal.timeout(timeout > 0 ? timeout : 7 * 24 * 3_600_000);
	await Promise.all(
		going.map(async ({ target, uid }) => {
			try {
				await untilGone(client, target, uid, signal);
			} catch (error) {
				if (signal.aborted) {
					throw new UserError(
						'TIMEOUT',
						`timed out waiting for the condition on ${target.resource.plural}/${target.name}`,
					);
				}
				throw error;
			}
		}),
	);
}

function graceOf(options: DeleteOptions): number | undefined {
	const seconds = Number(options.gracePeriod);
	if (!Number.isInteger(seconds)) {
		throw usage(`--grace-period: "${options.gracePeriod}" is no number of seconds`);
	}
	if (options.now) {
		if (seconds !== -1) {
			throw usage('--now and --grace-period cannot be specified together');
		}
		return 1;
	}
	if (seconds === 0 && !options.force) {
		// As kubectl: a grace of 0 without --force becomes 1, since 0 would not wait for the end.
		return flag(options.wait, '--wait') ? 1 : 0;
	}
	if (options.force) {
		if (seconds > 0) {
			throw usage('--force and --grace-period greater than 0 cannot be specified together');
		}
		return 0;
	}
	return seconds < 0 ? undefined : seconds;
}

function flag(value: string | true, name: string): boolean {
	if (value === true || value === 'true') {
		return true;
	}
	if (value === 'false') {
		return false;
	}
	throw usage(`${name}: "${value}" is neither true nor false`);
}

async function targetsOfFiles(io: Io, options: DeleteOptions): Promise<readonly Target[]> {
	const manifests = await loadNames(io, options.filename ?? [], options);
	return manifests.map(({ object }) => {
		const resource = resourceOfKind(object.kind);
		if (!resource) {
			throw usage(`no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
		}
		return { resource, namespace: object.metadata.namespace, name: object.metadata.name };
	});
}

async function targetsOfArgs(
	client: Client,
	asked: ReturnType<typeof parseAsked>,
	options: DeleteOptions,
): Promise<readonly Target[]> {
	const targets: Target[] = [];
	for (const { resource, names } of asked) {
		const namespace = resource.namespaced ? namespaceOf(options) : undefined;
		if (names.length > 0) {
			targets.push(...names.map((name) => ({ resource, namespace, name })));
			continue;
		}
		const list = await client.list(resourcePath(resource.plural, namespace), {
			labelSelector: options.selector,
		});
		targets.push(...list.items.map((item) => ({ resource, namespace, name: item.metadata.name })));
	}
	return targets;
}
