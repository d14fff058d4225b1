/*
 * The one program of the infra image: a static binary with no C library, a few KB on amd64 and arm64.
 *
 *   pause                            as PID 1 of a pod: reaps every orphan, ends with 0 on TERM or INT.
 *   pause connect HOST PORT [LIMIT]  joins stdin and stdout to a TCP connection. Run by exec inside the
 *                                    pod's namespaces, so that podrun reaches a pod's localhost through
 *                                    the engine's API alone.
 *   pause check HOST PORT [LIMIT]    only connects: the exit code tells whether somebody listens.
 *   pause end MARK                   kills every process of the pod whose environment holds MARK. Where the PID
 *                                    namespace is shared, an exec that took too long ends this way: the
 *                                    engine's API has no call for it. What it may not read it leaves alone.
 *   pause remove PATH...             removes files and folders below /volumes, if they are there.
 *   pause own GID PATH [lazy]        fsGroup: hands all below PATH to a group; lazy: only if PATH itself is not
 *                                    its own yet.
 *   pause swap PATH FOLDER NAME...   makes FOLDER the version that a volume of configs shows, in one step, with
 *                                    these names, and removes what else there is at its top.
 *   pause usage PATH...              bytes on the disk, a line for each path.
 *
 * `connect`: HOST is an IPv4 address, an IPv6 address or "localhost" (127.0.0.1, then ::1). End of stdin
 * is passed on as a half-close; the end of the peer's bytes ends the program. LIMIT, in seconds, is how long
 * the whole may take: an exec can't be killed through the engine's API, so it has to end by itself.
 * It ends with 0, or with a line on stderr and 1 (something broke), 2 (usage), 3 (refused), 4 (timeout),
 * 5 (unreachable).
 *
 * Built by scripts/build-pause.sh. There is no .data and no .bss: buffers live on the stack, or the only
 * segment of the file would have to be writable.
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#if defined(__x86_64__)
enum {
	SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_rt_sigprocmask = 14, SYS_setitimer = 38, SYS_socket = 41,
	SYS_connect = 42, SYS_shutdown = 48, SYS_getsockopt = 55, SYS_clone = 56, SYS_wait4 = 61, SYS_kill = 62,
	SYS_fcntl = 72, SYS_prctl = 157, SYS_rt_sigtimedwait = 128, SYS_getdents64 = 217, SYS_exit_group = 231,
	SYS_openat = 257, SYS_ppoll = 271, SYS_lseek = 8, SYS_fchmod = 91, SYS_fchownat = 260, SYS_unlinkat = 263,
	SYS_statx = 332, SYS_renameat = 264, SYS_symlinkat = 266,
};
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n\tcall entry\n");

static long syscall5(long n, long a, long b, long c, long d, long e) {
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	__asm__ volatile("syscall"
					 : "=a"(result)
					 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
					 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
enum {
	SYS_fcntl = 25, SYS_openat = 56, SYS_close = 57, SYS_getdents64 = 61, SYS_read = 63, SYS_write = 64, SYS_ppoll = 73, SYS_exit_group = 94,
	SYS_setitimer = 103, SYS_kill = 129, SYS_rt_sigprocmask = 135, SYS_rt_sigtimedwait = 137, SYS_prctl = 167,
	SYS_socket = 198, SYS_connect = 203, SYS_getsockopt = 209, SYS_shutdown = 210, SYS_clone = 220,
	SYS_wait4 = 260, SYS_unlinkat = 35, SYS_fchmod = 52, SYS_fchownat = 54, SYS_lseek = 62, SYS_statx = 291,
	SYS_symlinkat = 36, SYS_renameat = 38,
};
__asm__(".globl _start\n_start:\n\tmov x29,#0\n\tmov x30,#0\n\tmov x0,sp\n\tb entry\n");

static long syscall5(long n, long a, long b, long c, long d, long e) {
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
#else
#error "pause knows amd64 and arm64"
#endif

#define CALL(name, a, b, c, d, e) syscall5(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

enum { SIGINT = 2, SIGKILL = 9, SIGTERM = 15, SIGCHLD = 17 };
enum { EINTR = 4, EINPROGRESS = 115, ETIMEDOUT = 110, ECONNREFUSED = 111, EHOSTUNREACH = 113, ENETUNREACH = 101 };
enum { EADDRNOTAVAIL = 99, EAFNOSUPPORT = 97 };
enum { AF_INET = 2, AF_INET6 = 10 };
enum { BROKEN = 1, USAGE = 2, REFUSED = 3, TIMEOUT = 4, UNREACHABLE = 5 };
enum { CONNECT_SECONDS = 30 };

static void leave(int code) {
	for (;;) CALL(exit_group, code, 0, 0, 0, 0);
}

static void fail(int code, const char *message) {
	u64 length = 0;
	while (message[length]) length++;
	CALL(write, 2, message, length, 0, 0);
	leave(code);
}

static int same(const char *a, const char *b) {
	while (*a && *a == *b) a++, b++;
	return *a == *b;
}

/* A decimal number of at most `max` that fills the whole text up to `stop`, or -1. */
static long number(const char **text, char stop, long max) {
	const char *at = *text;
	long value = 0;
	if (*at == stop) return -1;
	for (; *at != stop; at++) {
		if (*at < '0' || *at > '9') return -1;
		value = value * 10 + (*at - '0');
		if (value > max) return -1;
	}
	*text = at;
	return value;
}

/* "10.0.0.1" into 4 bytes, or 0. */
static int parse4(const char *text, u8 *out) {
	for (int i = 0; i < 4; i++) {
		long part = number(&text, i < 3 ? '.' : 0, 255);
		if (part < 0) return 0;
		out[i] = (u8)part;
		text++;
	}
	return 1;
}

/* "fd00::1" into 16 bytes, or 0. No zone and no dotted tail: podrun never sends them. */
static int parse6(const char *text, u8 *out) {
	int count = 0, gap = -1;
	for (int i = 0; i < 16; i++) ((volatile u8 *)out)[i] = 0;
	if (text[0] == ':') {
		if (text[1] != ':') return 0;
		gap = 0;
		text += 2;
	}
	while (*text) {
		u32 group = 0;
		int digits = 0;
		for (;; text++, digits++) {
			char c = *text;
			if (c >= '0' && c <= '9') group = group * 16 + (u32)(c - '0');
			else if (c >= 'a' && c <= 'f') group = group * 16 + (u32)(c - 'a' + 10);
			else if (c >= 'A' && c <= 'F') group = group * 16 + (u32)(c - 'A' + 10);
			else break;
		}
		if (digits == 0 || digits > 4 || count > 7) return 0;
		out[count * 2] = (u8)(group >> 8);
		out[count * 2 + 1] = (u8)group;
		count++;
		if (*text == 0) break;
		if (*text != ':') return 0;
		text++;
		if (*text == ':') {
			if (gap >= 0) return 0;
			gap = count;
			text++;
		} else if (*text == 0) return 0;
	}
	if (gap < 0) return count == 8;
	if (count > 7) return 0;
	for (int moved = 0; moved < count - gap; moved++) {
		int from = (count - 1 - moved) * 2, to = (7 - moved) * 2;
		out[to] = out[from];
		out[to + 1] = out[from + 1];
		if (to != from) out[from] = out[from + 1] = 0;
	}
	return 1;
}

/* Connects within CONNECT_SECONDS: the socket, or the negative errno. */
static long dial(int family, const u8 *address, long port) {
	u8 name[28];
	u64 length = family == AF_INET ? 16 : 28;
	for (u64 i = 0; i < sizeof name; i++) ((volatile u8 *)name)[i] = 0;
	*(u16 *)name = (u16)family;
	name[2] = (u8)(port >> 8);
	name[3] = (u8)port;
	if (family == AF_INET) {
		for (int i = 0; i < 4; i++) name[4 + i] = address[i];
	} else {
		for (int i = 0; i < 16; i++) name[8 + i] = address[i];
	}

	/* SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK */
	long fd = CALL(socket, family, 1 | 02000000 | 04000, 0, 0, 0);
	if (fd < 0) return fd;
	long error = CALL(connect, fd, name, length, 0, 0);
	if (error == -EINPROGRESS) {
		struct { int fd; short events, revents; } poll = {(int)fd, 4, 0}; /* POLLOUT */
		struct { long seconds, nanoseconds; } left = {CONNECT_SECONDS, 0};
		do error = CALL(ppoll, &poll, 1, &left, 0, 8); /* Linux counts `left` down */
		while (error == -EINTR);
		if (error == 0) error = -ETIMEDOUT;
		if (error == 1) {
			int outcome = 0;
			u32 size = sizeof outcome;
			error = CALL(getsockopt, fd, 1, 4, &outcome, &size); /* SOL_SOCKET, SO_ERROR */
			if (error == 0) error = -outcome;
		}
	}
	if (error < 0) {
		CALL(close, fd, 0, 0, 0, 0);
		return error;
	}
	CALL(fcntl, fd, 4, 0, 0, 0); /* F_SETFL: blocking from here on */
	return fd;
}

/* Copies until the end of `from`: 0 at its end, -1 when either side broke. */
static int copy(long from, long to) {
	u8 buffer[65536];
	for (;;) {
		long got = CALL(read, from, buffer, sizeof buffer, 0, 0);
		if (got == -EINTR) continue;
		if (got <= 0) return got == 0 ? 0 : -1;
		for (long done = 0; done < got;) {
			long put = CALL(write, to, buffer + done, got - done, 0, 0);
			if (put == -EINTR) continue;
			if (put <= 0) return -1;
			done += put;
		}
	}
}

static void join(const char *host, const char *port_text, const char *limit_text, int check) {
	u8 address[16];
	long port = number(&port_text, 0, 65535);
	if (port <= 0) fail(USAGE, "pause: the port must be a number from 1 to 65535\n");
	if (limit_text) {
		long seconds = number(&limit_text, 0, 1000000);
		if (seconds <= 0) fail(USAGE, "pause: the limit must be a number of seconds\n");
		long timer[4] = {0, 0, seconds, 0}; /* no repetition; SIGALRM, by default, kills */
		CALL(setitimer, 0, timer, 0, 0, 0);
	}

	long fd;
	if (same(host, "localhost")) {
		address[0] = 127, address[1] = 0, address[2] = 0, address[3] = 1;
		fd = dial(AF_INET, address, port);
		if (fd < 0) {
			parse6("::1", address);
			long second = dial(AF_INET6, address, port);
			/* The answer about 127.0.0.1 is the one that a person expects. */
			if (second >= 0) fd = second;
		}
	} else if (parse4(host, address)) {
		fd = dial(AF_INET, address, port);
	} else if (parse6(host, address)) {
		fd = dial(AF_INET6, address, port);
	} else {
		fail(USAGE, "pause: the host must be an IPv4 address, an IPv6 address or localhost\n");
		return;
	}
	if (fd == -ECONNREFUSED) fail(REFUSED, "connect: connection refused\n");
	if (fd == -ETIMEDOUT) fail(TIMEOUT, "connect: connection timed out\n");
	if (fd == -EHOSTUNREACH) fail(UNREACHABLE, "connect: no route to host\n");
	if (fd == -ENETUNREACH) fail(UNREACHABLE, "connect: network is unreachable\n");
	if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT) fail(UNREACHABLE, "connect: cannot assign requested address\n");
	if (fd < 0) fail(BROKEN, "connect: cannot connect\n");
	if (check) leave(0);

	/*
	 * One process for each direction: a single blocking one deadlocks as soon as both sides write more
	 * than the buffers between them hold.
	 */
	long child = CALL(clone, SIGCHLD, 0, 0, 0, 0);
	if (child < 0) fail(BROKEN, "connect: cannot fork\n");
	if (child == 0) {
		CALL(prctl, 1, SIGKILL, 0, 0, 0); /* PR_SET_PDEATHSIG: LIMIT ends both */
		copy(0, fd);
		CALL(shutdown, fd, 1, 0, 0, 0); /* SHUT_WR */
		leave(0);
	}
	/* Only the child may hold stdin: its writer must not think that it is still read. */
	CALL(close, 0, 0, 0, 0, 0);
	int broken = copy(fd, 1);
	CALL(kill, child, SIGKILL, 0, 0, 0);
	if (broken) fail(BROKEN, "connect: connection broken\n");
	leave(0);
}

/* Whether the file begins (first 64 KB) with something that holds `mark`. */
static int holds(const char *path, const char *mark) {
	char buffer[65536];
	long length = 0, wanted = 0;
	long fd = CALL(openat, -100, path, 02000000, 0, 0); /* AT_FDCWD, O_RDONLY | O_CLOEXEC */
	if (fd < 0) return 0;
	while (length < (long)sizeof buffer) {
		long got = CALL(read, fd, buffer + length, sizeof buffer - length, 0, 0);
		if (got <= 0) break;
		length += got;
	}
	CALL(close, fd, 0, 0, 0, 0);
	while (mark[wanted]) wanted++;
	for (long at = 0; at + wanted <= length; at++) {
		long same_bytes = 0;
		while (same_bytes < wanted && buffer[at + same_bytes] == mark[same_bytes]) same_bytes++;
		if (same_bytes == wanted) return 1;
	}
	return 0;
}

static void end(const char *mark) {
	if (!mark[0]) fail(USAGE, "pause: the mark must not be empty\n");
	long fd = CALL(openat, -100, "/proc", 02000000, 0, 0);
	if (fd < 0) fail(BROKEN, "pause: cannot read /proc\n");
	char entries[4096] __attribute__((aligned(8)));
	for (;;) {
		long length = CALL(getdents64, fd, entries, sizeof entries, 0, 0);
		if (length <= 0) leave(0);
		for (long at = 0; at < length; at += *(u16 *)(entries + at + 16)) {
			const char *name = entries + at + 19, *digits = name;
			long pid = number(&digits, 0, 0x7fffffff);
			if (pid <= 1) continue;
			char path[32];
			char *to = path;
			for (const char *from = "/proc/"; *from;) *to++ = *from++;
			for (const char *from = name; *from;) *to++ = *from++;
			for (const char *from = "/environ"; (*to++ = *from++);) continue;
			if (holds(path, mark)) CALL(kill, pid, SIGKILL, 0, 0, 0);
		}
	}
}

#include "volumes.h"

/*
 * The signals are blocked and then taken: no handler, so no race. A blocked signal reaches PID 1 although
 * its default action would be ignored there.
 */
static void reap(void) {
	u64 set = 1UL << (SIGCHLD - 1) | 1UL << (SIGTERM - 1) | 1UL << (SIGINT - 1);
	CALL(rt_sigprocmask, 0, &set, 0, sizeof set, 0); /* SIG_BLOCK */
	for (;;) {
		while (CALL(wait4, -1, 0, 1, 0, 0) > 0) continue; /* WNOHANG */
		long signal = CALL(rt_sigtimedwait, &set, 0, 0, sizeof set, 0);
		if (signal == SIGTERM || signal == SIGINT) leave(0);
	}
}

__attribute__((used, noreturn)) void entry(long *stack) {
	long count = stack[0];
	const char **argument = (const char **)(stack + 1);
	if (count <= 1) reap();
	int check = same(argument[1], "check");
	if ((check || same(argument[1], "connect")) && (count == 4 || count == 5)) {
		join(argument[2], argument[3], count == 5 ? argument[4] : 0, check);
	}
	if (same(argument[1], "end") && count == 3) end(argument[2]);
	if (same(argument[1], "remove")) remove_all(argument + 2);
	if (same(argument[1], "swap") && count >= 4) swap(argument[2], argument[3], argument + 4);
	if (same(argument[1], "usage")) measure(argument + 2);
	if (same(argument[1], "own") && (count == 4 || (count == 5 && same(argument[4], "lazy")))) {
		own(argument[2], argument[3], count == 5);
	}
	fail(USAGE, "usage: pause | pause end MARK | pause connect|check HOST PORT [LIMIT-SECONDS] | "
				"pause remove|usage PATH... | pause own GID PATH [lazy] | "
				"pause swap PATH FOLDER NAME...\n");
	__builtin_unreachable();
}
