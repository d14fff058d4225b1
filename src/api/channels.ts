/**
 * The channels of Kubernetes' remote-command protocols on a WebSocket, as both sides of the wall number them: the
 * first byte of a message. ERROR tells how the process ended, RESIZE is JSON {Width, Height}; CLOSE, from v5 on,
 * is followed by the number of the channel that is at its end.
 */
export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const ERROR = 3;
export const RESIZE = 4;
export const CLOSE = 255;
