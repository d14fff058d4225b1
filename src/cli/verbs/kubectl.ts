/** kubectl's verbs that look at pods or reach into them; flags have kubectl's names and meanings. */
import type { Tree } from '../program.ts';
import { collect } from './compose.ts';

/** Hangs the family on the command tree. */
export function addKubectlVerbs({ verb }: Tree): void {
	verb('get <resource...>', 'List objects, or show some', () => import('../commands/get.ts'))
		.option('-o, --output <format>', 'json|yaml|wide|name|jsonpath=…|custom-columns=…')
		.option('-w, --watch', 'then follow the changes')
		.option('--watch-only', 'follow the changes only')
		.option('--output-watch-events', 'tell the kind of each change (with -w)')
		.option('-l, --selector <labels>', 'only objects with these labels (a=b,c!=d,e in (f,g))')
		.option(
			'--field-selector <fields>',
			'only objects with these fields (metadata.name=x,status.phase=Running)',
		)
		.option('-A, --all-namespaces', 'objects of all namespaces')
		.option('--sort-by <jsonpath>', 'sort by this field')
		.option('--show-labels', 'labels as the last column')
		.option('-L, --label-columns <keys>', 'these labels as columns')
		.option('--no-headers', 'no line of column names')
		.option('--ignore-not-found', 'no error when a named object is missing');
	verb('describe <resource...>', 'Show objects in detail, with their events', () => {
		return import('../commands/describe.ts');
	})
		.option('-l, --selector <labels>', 'objects with these labels')
		.option('-A, --all-namespaces', 'objects of all namespaces');
	verb('logs [pod] [container]', "Print a container's logs", () => import('../commands/logs.ts'))
		.option('-f, --follow', 'follow the log until the container ends')
		.option('-p, --previous', 'the attempt before the current one')
		.option('-c, --container <name>', 'this container')
		.option('--tail <lines>', 'only the last lines (-1: all)')
		.option('--since <duration>', 'only newer than, e.g. 5s, 2m, 3h')
		.option('--since-time <time>', 'only after this RFC 3339 time')
		.option('--timestamps', 'with the time of each line')
		.option('--all-containers', 'all containers of the pod')
		.option('--prefix', 'with pod and container at the start of each line')
		.option('--limit-bytes <bytes>', 'at most this many bytes')
		.option('-l, --selector <labels>', 'pods with these labels');
	verb('exec <pod> [command...]', 'Run a command in a container: exec POD -- CMD', () => {
		return import('../commands/exec.ts');
	})
		.option('-c, --container <name>', 'in this container')
		.option('-i, --stdin', 'pass stdin on')
		.option('-t, --tty', 'stdin is a terminal')
		.option('-q, --quiet', 'only what the command prints');
	verb('attach <pod>', "Attach to a running container's streams", () => import('../commands/attach.ts'))
		.option('-c, --container <name>', 'to this container')
		.option('-i, --stdin', 'pass stdin on')
		.option('-t, --tty', 'stdin is a terminal')
		.option('-q, --quiet', 'only what the container prints');
	verb('cp <from> <to>', 'Copy files: cp POD:/path local, cp local POD:/path', () => {
		return import('../commands/cp.ts');
	})
		.option('-c, --container <name>', 'this container')
		.option('--no-preserve', "do not keep the files' owners and modes");
	verb('port-forward <pod> <ports...>', 'Forward local ports to a pod ([LOCAL:]REMOTE)', () => {
		return import('../commands/port-forward.ts');
	}).option('--address <addresses>', 'addresses to listen on', 'localhost');
	verb(
		'debug <pod> [command...]',
		'Join a running pod with an ephemeral container, or look into a copy',
		() => {
			return import('../commands/debug.ts');
		},
	)
		.option('--image <image>', 'image of the container')
		.option('-c, --container <name>', 'its name (default: debugger-…)')
		.option('--target <container>', 'see the processes of this container')
		.option('-i, --stdin', 'attach to it, and pass stdin on')
		.option('-t, --tty', 'stdin is a terminal')
		.option('--env <name=value>', 'a variable of it', collect)
		.option('--image-pull-policy <policy>', 'Always, IfNotPresent or Never')
		.option('-q, --quiet', 'only what the container prints')
		.option('--copy-to <name>', 'leave the pod alone, and look into a copy of this name')
		.option('--set-image <container=image>', 'other images in the copy; *=IMAGE: in all', collect)
		.option('--share-processes [bool]', 'in the copy: one process namespace for all')
		.option('--arguments-only', 'in the copy: what follows -- are arguments, not the command')
		.option('--replace', 'delete the original, at once')
		.option('--same-node', 'there is but one node here: says nothing')
		.option('--keep-labels', 'in the copy')
		.option('--keep-annotations', 'in the copy')
		.option('--keep-liveness', 'keep liveness probes in the copy')
		.option('--keep-readiness', 'keep readiness probes in the copy')
		.option('--keep-startup', 'keep startup probes in the copy')
		.option('--keep-init-containers [bool]', 'in the copy', 'true');
	verb(
		'top <resource> [names...]',
		'Show CPU and memory: top pod, top node',
		() => import('../commands/top.ts'),
	)
		.option('--containers', 'of each container')
		.option('-l, --selector <labels>', 'pods with these labels')
		.option('-A, --all-namespaces', 'pods of all namespaces')
		.option('--sort-by <what>', 'cpu or memory')
		.option('--no-headers', 'no line of column names');
	verb('wait [resource...]', 'Wait for a condition of objects', () => import('../commands/wait.ts'))
		.option('--for <what>', 'condition=Ready[=true], jsonpath=…[=value], delete, create')
		.option('--timeout <duration>', 'how long to wait', '30s')
		.option('-l, --selector <labels>', 'objects with these labels')
		.option('--all', 'all objects of the namespace')
		.option('-o, --output <format>', 'name')
		.option('-A, --all-namespaces', 'objects of all namespaces');
	verb('events', 'List events', () => import('../commands/events.ts'))
		.option('--for <pod>', 'only those of pod/NAME')
		.option('--types <types>', 'Normal, Warning')
		.option('-w, --watch', 'then follow them')
		.option('-A, --all-namespaces', 'events of all namespaces')
		.option('--no-headers', 'no line of column names')
		.option('-o, --output <format>', 'json or yaml');
}
