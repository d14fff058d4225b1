/*
 * Work on the volumes of a pod, which the pause mounts below /volumes: removing, handing over to a group,
 * measuring. Included by pause.c. Containers of the pod may change the same files at the same time, so every
 * step goes by a directory's descriptor and follows no symbolic link: nothing outside can be reached. Files
 * of other users take the capabilities CHOWN, DAC_OVERRIDE, FOWNER and FSETID.
 */

#if defined(__x86_64__)
enum { O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };
#else
enum { O_DIRECTORY = 040000, O_NOFOLLOW = 0100000 };
#endif
enum { O_NONBLOCK = 04000, O_CLOEXEC = 02000000 };
enum { AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, STATX_BASIC_STATS = 0x7ff };
enum { EPERM = 1, ENOENT = 2, EEXIST = 17, EISDIR = 21, ENOTEMPTY = 39 };
enum { S_IFMT = 0170000, S_IFDIR = 0040000, S_IFREG = 0100000 };
/* Of folders in folders: each costs a descriptor and some stack. */
enum { DEEPEST = 1000 };

struct facts { /* struct statx */
	u32 mask, block_size;
	u64 attributes;
	u32 links, uid, gid;
	u16 mode, padding;
	u64 inode, size, blocks;
	u64 rest[25];
};

static long look(long folder, const char *name, struct facts *facts) {
	return CALL(statx, folder, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, facts);
}

static long open_folder(long folder, const char *name) {
	return CALL(openat, folder, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, 0);
}

static int is_dots(const char *name) {
	return same(name, ".") || same(name, "..");
}

/* What is done to each entry of a folder; `value` is handed through. 0, or a negative errno. */
typedef long (*visit)(long folder, const char *name, u64 *value, int depth);

/* Visits the entries of the folder, once each. */
static long each(long folder, visit visitor, u64 *value, int depth) {
	char entries[1024] __attribute__((aligned(8)));
	if (depth > DEEPEST) return -ENOTEMPTY;
	for (;;) {
		long length = CALL(getdents64, folder, entries, sizeof entries, 0, 0);
		if (length <= 0) return length;
		for (long at = 0; at < length; at += *(u16 *)(entries + at + 16)) {
			const char *name = entries + at + 19;
			if (is_dots(name)) continue;
			long error = visitor(folder, name, value, depth + 1);
			if (error < 0 && error != -ENOENT) return error;
		}
	}
}

static long remove_entry(long folder, const char *name, u64 *value, int depth) {
	long error = CALL(unlinkat, folder, name, 0, 0, 0);
	if (error != -EISDIR && error != -EPERM) return error;
	long fd = open_folder(folder, name);
	if (fd < 0) return fd;
	/* Entries may be skipped when others vanish, or come anew: again, but not for ever. */
	for (int round = 0; round < 100; round++) {
		error = each(fd, remove_entry, value, depth);
		if (error < 0) break;
		error = CALL(unlinkat, folder, name, AT_REMOVEDIR, 0, 0);
		if (error != -ENOTEMPTY) break;
		CALL(lseek, fd, 0, 0, 0, 0);
	}
	CALL(close, fd, 0, 0, 0, 0);
	return error;
}

/* fsGroup: the group gets what it has not, as a kubelet grants it: rw for files, rwx and setgid for folders. */
static long own_entry(long folder, const char *name, u64 *gid, int depth) {
	struct facts facts;
	long error = look(folder, name, &facts);
	if (error < 0) return error;
	int type = facts.mode & S_IFMT;
	if (facts.gid != (u32)*gid) {
		error = CALL(fchownat, folder, name, -1, *gid, AT_SYMLINK_NOFOLLOW);
		if (error < 0) return error;
	}
	if (type != S_IFREG && type != S_IFDIR) return 0;
	u32 wanted = facts.mode | (type == S_IFDIR ? 02770 : 0660);
	/* A change of the group takes setuid and setgid away: they are given back below. */
	if (wanted == facts.mode && facts.gid == (u32)*gid && type == S_IFREG) return 0;
	long fd = CALL(openat, folder, name, O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0, 0);
	if (fd < 0) return fd;
	error = CALL(fchmod, fd, wanted & 07777, 0, 0, 0);
	if (error >= 0 && type == S_IFDIR) error = each(fd, own_entry, gid, depth);
	CALL(close, fd, 0, 0, 0, 0);
	return error;
}

/* Bytes on the disk, as du counts them; a hard link counts each time. */
static long measure_entry(long folder, const char *name, u64 *bytes, int depth) {
	struct facts facts;
	long error = look(folder, name, &facts);
	if (error < 0) return error;
	*bytes += facts.blocks * 512;
	if ((facts.mode & S_IFMT) != S_IFDIR) return 0;
	long fd = open_folder(folder, name);
	if (fd < 0) return fd;
	error = each(fd, measure_entry, bytes, depth);
	CALL(close, fd, 0, 0, 0, 0);
	return error;
}

/* The folder that a path below /volumes stands in, and the last name of the path. Missing: a negative errno. */
static long parent_of(const char *path, char *name) {
	for (const char *root = "/volumes/"; *root; root++, path++) {
		if (*root != *path) fail(USAGE, "pause: the path must be below /volumes\n");
	}
	long folder = open_folder(-100, "/volumes");
	for (;;) {
		int length = 0;
		while (*path && *path != '/') {
			if (length == 255) fail(USAGE, "pause: a name in the path is too long\n");
			name[length++] = *path++;
		}
		name[length] = 0;
		if (length == 0 || is_dots(name)) fail(USAGE, "pause: the path must be clean\n");
		if (!*path || folder < 0) return folder;
		path++;
		long next = open_folder(folder, name);
		CALL(close, folder, 0, 0, 0, 0);
		folder = next;
	}
}

static void print(u64 value) {
	char digits[24];
	char *at = digits + sizeof digits;
	*--at = '\n';
	do *--at = (char)('0' + value % 10);
	while (value /= 10);
	CALL(write, 1, at, digits + sizeof digits - at, 0, 0);
}

static long visit_path(const char *path, visit visitor, u64 *value) {
	char name[256];
	long folder = parent_of(path, name);
	long error = folder < 0 ? folder : visitor(folder, name, value, 0);
	if (folder >= 0) CALL(close, folder, 0, 0, 0, 0);
	return error;
}

static void remove_all(const char **paths) {
	for (; *paths; paths++) {
		long error = visit_path(*paths, remove_entry, 0);
		if (error < 0 && error != -ENOENT) fail(BROKEN, "pause: cannot remove all of it\n");
	}
	leave(0);
}

/* With `lazy` (fsGroupChangePolicy: OnRootMismatch) a root that is right already stands for all that is in it. */
static void own(const char *gid_text, const char *path, int lazy) {
	char name[256];
	struct facts root;
	long number_of_group = number(&gid_text, 0, 0x7fffffff);
	if (number_of_group < 0) fail(USAGE, "pause: the group must be a number\n");
	u64 gid = (u64)number_of_group;
	long folder = parent_of(path, name);
	if (folder < 0 || look(folder, name, &root) < 0) fail(BROKEN, "pause: there is no such path\n");
	if (lazy && root.gid == (u32)gid && (root.mode & 02770) == 02770) leave(0);
	if (own_entry(folder, name, &gid, 0) < 0) fail(BROKEN, "pause: cannot hand all of it over\n");
	leave(0);
}

struct version {
	const char *folder;
	const char **names;
};

static long prune_entry(long folder, const char *name, u64 *value, int depth) {
	const struct version *version = (const struct version *)value;
	if (same(name, "..data") || same(name, version->folder)) return 0;
	for (const char **kept = version->names; *kept; kept++) {
		if (same(name, *kept)) return 0;
	}
	return remove_entry(folder, name, 0, depth);
}

/*
 * The files of a version stand in a folder of their own, `..data` leads to it, and every name at the top leads
 * through `..data`: who replaces that link changes all files at once.
 */
static void swap(const char *path, const char *version_folder, const char **names) {
	char name[256], target[300];
	struct version version = {version_folder, names};
	long parent = parent_of(path, name);
	long root = parent < 0 ? parent : open_folder(parent, name);
	if (root < 0) fail(BROKEN, "pause: there is no such volume\n");
	CALL(unlinkat, root, "..swap", 0, 0, 0);
	if (CALL(symlinkat, version_folder, root, "..swap", 0, 0) < 0 ||
		CALL(renameat, root, "..swap", root, "..data", 0) < 0) {
		fail(BROKEN, "pause: cannot change ..data\n");
	}
	for (const char **at = names; *at; at++) {
		char *to = target;
		for (const char *from = "..data/"; *from;) *to++ = *from++;
		for (const char *from = *at; *from && to < target + sizeof target - 1;) *to++ = *from++;
		*to = 0;
		long error = CALL(symlinkat, target, root, *at, 0, 0);
		if (error < 0 && error != -EEXIST) fail(BROKEN, "pause: cannot make a name\n");
	}
	if (each(root, prune_entry, (u64 *)&version, 0) < 0) fail(BROKEN, "pause: cannot remove what is old\n");
	leave(0);
}

static void measure(const char **paths) {
	for (; *paths; paths++) {
		u64 bytes = 0;
		long error = visit_path(*paths, measure_entry, &bytes);
		if (error < 0 && error != -ENOENT) fail(BROKEN, "pause: cannot measure all of it\n");
		print(bytes);
	}
	leave(0);
}
