#include "owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BOOT_ID_MAX = 64 };

static bool read_text(const char *path, char *ret, size_t cap)
{
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(ret, 1, cap - 1, f) : 0;
    if (f)
        fclose(f);
    ret[n] = '\0';
    return n > 0;
}

static bool read_boot_id(char ret[BOOT_ID_MAX])
{
    bool ok = read_text("/proc/sys/kernel/random/boot_id", ret, BOOT_ID_MAX);
    ret[strcspn(ret, "\n")] = '\0';
    return ok;
}

/* Clock ticks since boot: field 22 of stat, counted from behind the command's closing bracket,
 * since the command may hold blanks. */
static bool read_start_time(long pid, unsigned long long *ret)
{
    char path[64], text[1024];
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    if (!read_text(path, text, sizeof(text)))
        return false;
    const char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p && sscanf(p, "%llu", ret) == 1;
}

void owner_self(char ret[OWNER_TEXT_MAX])
{
    char boot_id[BOOT_ID_MAX];
    unsigned long long start = 0;
    read_boot_id(boot_id);
    read_start_time((long)getpid(), &start);
    snprintf(ret, OWNER_TEXT_MAX, "%s/%ld/%llu", boot_id, (long)getpid(), start);
}

bool owner_is_gone(const char *owner)
{
    char boot_id[BOOT_ID_MAX], owner_boot_id[BOOT_ID_MAX], path[64];
    unsigned long long owner_start, start;
    long pid;
    if (sscanf(owner, "%63[^/]/%ld/%llu", owner_boot_id, &pid, &owner_start) != 3 || pid <= 0)
        return false;
    if (!read_boot_id(boot_id) || strcmp(boot_id, owner_boot_id) != 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%ld", pid);
    if (access(path, F_OK) != 0)
        return errno == ENOENT;
    return read_start_time(pid, &start) && start != owner_start;
}
