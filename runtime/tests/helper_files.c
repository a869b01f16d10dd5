#include "helper_files.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc.h"

char *helper_dir_new(void)
{
    const char *tmp = getenv("TMPDIR");
    char *dir = xasprintf("%s/kitestream-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    return remove(path);
}

void helper_dir_remove(char *take_dir)
{
    nftw(take_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(take_dir);
}

char *helper_file_new(const char *dir, const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fwrite(text, 1, strlen(text), file) == strlen(text));
    assert_int_equal(fclose(file), 0);
    return path;
}
