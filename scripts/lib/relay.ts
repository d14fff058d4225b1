/**
 * A TCP port before the engine's unix socket: what runs behind it is a remote engine to podrun, with no file or
 * device of this machine in common. Prints the address and serves until it is killed: no access control, so on
 * loopback only.
 *
 *   node scripts/lib/relay.ts /var/run/docker.sock
 */
import { connect, createServer } from 'node:net';

const [path = '/var/run/docker.sock'] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
	const engine = connect({ path, allowHalfOpen: true });
	client.on('error', () => engine.destroy());
	engine.on('error', () => client.destroy());
	client.on('close', () => engine.destroy());
	engine.on('close', () => client.destroy());
	client.pipe(engine).pipe(client);
});
server.listen(0, '127.0.0.1', () => {
	const address = server.address();
	if (address !== null && typeof address === 'object') console.log(`tcp://127.0.0.1:${address.port}`);
});
