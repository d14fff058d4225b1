/** `podrun supervisor stop`: the supervisor ends, the pods run on, the next command adopts them. */
import { stopSupervisor } from '../../client/connect.ts';
import { type Io, say } from '../io.ts';

export async function run(io: Io): Promise<number> {
	const stopped = await stopSupervisor({ env: io.env });
	say(io, stopped ? 'supervisor stopped; pods run on until the next one adopts them' : 'no supervisor runs');
	return 0;
}
