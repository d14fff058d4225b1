/** kubectl's verbs that write objects: apply, create, delete. */
import type { Tree } from '../program.ts';
import { collect } from './compose.ts';

const FILES = 'manifest: file, folder, URL or -';

/** Hangs the family on the command tree. */
export function addObjectVerbs({ verb }: Tree): void {
	verb(
		'apply',
		'Create objects, or bring them to what the manifest says',
		() => import('../commands/apply.ts'),
	)
		.option('-f, --filename <path>', FILES, collect)
		.option('-R, --recursive', 'go into the folders of -f')
		.option('--dry-run <how>', 'none, client or server', 'none')
		.option('-o, --output <format>', 'json|yaml|name')
		.option('--validate <how>', 'true (strict), warn or ignore', 'true')
		.option('-l, --selector <labels>', 'only objects with these labels')
		.option('--force', 'delete and create anew what can not be changed');
	verb('diff', 'Show what apply would change (exit code 1: something)', () => import('../commands/diff.ts'))
		.option('-f, --filename <path>', FILES, collect)
		.option('-R, --recursive', 'go into the folders of -f');
	verb('create', 'Create objects', () => import('../commands/create.ts'))
		.option('-f, --filename <path>', FILES, collect)
		.option('-R, --recursive', 'go into the folders of -f')
		.option('--dry-run <how>', 'none, client or server', 'none')
		.option('-o, --output <format>', 'json|yaml|name')
		.option('--validate <how>', 'true (strict), warn or ignore', 'true');
	verb('delete [resource...]', 'Delete objects: delete -f FILE, delete pod NAME', () => {
		return import('../commands/delete.ts');
	})
		.option('-f, --filename <path>', FILES, collect)
		.option('-R, --recursive', 'go into the folders of -f')
		.option('--grace-period <seconds>', 'seconds to end in; -1: what the object says', '-1')
		.option('--force', 'with --grace-period=0: at once, without confirmation')
		.option('--now', 'the same as --grace-period=1')
		.option('--wait [bool]', 'return when all is gone (--wait=false: at once)', 'true')
		.option('--ignore-not-found [bool]', 'no error when an object is missing', 'false')
		.option('--timeout <duration>', 'how long to wait', '0s')
		.option('-l, --selector <labels>', 'objects with these labels')
		.option('--all', 'all objects of the namespace')
		.option('--dry-run <how>', 'none, client or server', 'none')
		.option('-o, --output <format>', 'name');
	verb('edit <resource...>', 'Edit objects in your editor ($KUBE_EDITOR, $EDITOR)', () => {
		return import('../commands/edit.ts');
	});
	const metadata = [
		['label', 'labels', () => import('../commands/label.ts')],
		['annotate', 'annotations', () => import('../commands/annotate.ts')],
	] as const;
	for (const [name, field, load] of metadata) {
		verb(`${name} <resource...>`, `Set and remove ${field}: ${name} pod NAME KEY=VALUE KEY-`, load)
			.option('--overwrite', 'change values that are there already')
			.option('--list', `print the ${field}`)
			.option('-l, --selector <labels>', 'objects with these labels')
			.option('--all', 'all objects of the namespace')
			.option('--dry-run <how>', 'none, client or server', 'none');
	}
}
